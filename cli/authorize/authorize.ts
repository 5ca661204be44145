import { text as readAll } from 'node:stream/consumers';
import {
  type AgentConfig,
  backupPlace,
  referencesIn,
  resolveReferences,
} from '../../functions/shared/config/index.ts';
import {
  cloudRemote,
  customRemote,
  type ProviderSettings,
  type Remote,
} from '../../functions/shared/rclone/remote.ts';
import { commandLine, type Chosen } from '../command-line.ts';
import { expectAgent } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { CommandFailure, wrongUsage } from '../failure.ts';
import type { General } from '../general.ts';
import { secretNeeds, type SecretNeed } from '../secrets/needs.ts';
import { openConfiguredSite } from '../secrets/site.ts';
import { tokenIn } from '../secrets/value.ts';
import type { Shell } from '../shell.ts';
import { authorizeRemote } from './flow.ts';

/** What the command line says beside the general options. */
export interface AuthorizeCommand extends General {
  /** Do not open a browser: print the address. */
  browser: boolean;
  /** The token comes by standard input, from `rclone authorize` on another machine. */
  tokenFromStdin?: boolean;
}

/** Gets a token from a provider and stores it under the reference that the configuration names. */
export async function authorize(
  shell: Shell,
  provider: string | undefined,
  options: AuthorizeCommand,
): Promise<ExitCode> {
  const site = openConfiguredSite(shell, options);
  expectAgent(options.agent, site.parsed.config, site.file);
  const need = tokenNeed(site, provider, options);
  const token =
    options.tokenFromStdin === true
      ? tokenIn(await readAll(process.stdin))
      : await authorizeRemote(await remoteFor(site, need), {
          noBrowser: !options.browser,
          env: shell.env,
        });
  await site.entries.set(need, token);
  const { agent, reference, entry } = need;
  if (options.json) shell.out(JSON.stringify({ agent, reference, entry }, null, 2));
  else shell.say(`The token is stored as ${reference}, in ${entry}. The next run uses it.`);
  return exitCodes.ok;
}

/** What the search needs of a site. */
export type ConfiguredSite = Pick<ReturnType<typeof openConfiguredSite>, 'parsed' | 'entries'>;

function tokenNeed(
  { parsed }: ConfiguredSite,
  provider: string | undefined,
  general: Chosen,
): SecretNeed {
  const { agent } = general;
  const tokens = secretNeeds(parsed.config).filter(({ what }) => what.kind === 'token');
  const found = tokens.filter(
    (need) =>
      (agent === undefined || need.agent === agent) &&
      (provider === undefined || (need.what.kind === 'token' && need.what.provider === provider)),
  );
  const [need, another] = found;
  if (need && !another) return need;
  const list = tokens.map((each) => tokenText(each, general)).join('\n');
  if (another) throw wrongUsage(`Several tokens could be meant. Say which:\n${list}`);
  const which = list === '' ? 'none at all' : `\n${list}`;
  throw wrongUsage(`The configuration refers to no such token. It refers to ${which}`);
}

function tokenText({ what, agent, key }: SecretNeed, general: Chosen): string {
  const words = ['authorize', ...(what.kind === 'token' ? [what.provider] : [])];
  return `  ${key} of agent "${agent}":\n    ${commandLine(words, { ...general, agent })}`;
}

/** The remote that the token is for, with what else it is asked for with. */
async function remoteFor(site: ConfiguredSite, need: SecretNeed): Promise<Remote> {
  const agent = site.parsed.config.agents.find((each) => usesEntry(each, need));
  if (!agent) throw wrongUsage(`No agent uses ${need.reference}.`);
  const block = blockOf(agent, need);
  const names = referencesIn(block.value).filter((name) => name !== need.reference);
  const values = names.length === 0 ? {} : await site.entries.read(need.agent, need.scope);
  const missing = names.filter((name) => !values[name]);
  if (missing.length > 0) {
    throw new CommandFailure(
      (suggest) =>
        `${missing.join(', ')} must be set before: the token is made with it. Run ` +
        `${suggest('secrets', 'set', missing[0] ?? '', '--agent', need.agent)} first.`,
      { code: 'secret-missing' },
    );
  }
  return block.remote(resolveReferences(block.value, { ...values, [need.reference]: 'none' }));
}

function usesEntry(agent: AgentConfig, need: SecretNeed): boolean {
  return agent.name === need.agent || agent.sync.credentialsOf === need.agent;
}

/** The block that the token stands in, and how a remote is made of it. */
function blockOf(
  agent: AgentConfig,
  { scope }: Pick<SecretNeed, 'scope'>,
): { value: object; remote: (block: object) => Remote } {
  const own = { provider: 'AWS', region: '' };
  const place = backupPlace(agent);
  if (scope === 'workspace' && agent.workspace.kind === 'remote') {
    return { value: agent.workspace, remote: (custom) => customRemote('cloud', '', custom) };
  }
  const settings: ProviderSettings =
    scope === 'backup' && place.kind === 'remote' ? place.settings : agent.sync;
  const { provider } = settings;
  const value = (provider === 'off' ? undefined : settings[provider]) ?? {};
  return {
    value,
    remote: (block) => cloudRemote('cloud', { ...settings, [provider]: block }, own),
  };
}

/**
 * A token for what an agent's configuration refers to, for a setup that has just asked for the rest.
 * It is not stored.
 */
export async function freshToken(
  shell: Shell,
  site: ConfiguredSite,
  need: SecretNeed,
): Promise<string> {
  const remote = await remoteFor(site, need);
  return authorizeRemote(remote, { noBrowser: false, env: shell.env });
}
