import type { SecretScope } from '../../functions/shared/contract/index.ts';
import { commandLine, type Chosen } from '../command-line.ts';
import { expectAgent } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { CommandFailure, wrongUsage } from '../failure.ts';
import type { General } from '../general.ts';
import type { Shell } from '../shell.ts';
import { lookUp } from './list.ts';
import { type SecretKind, type SecretNeed, secretNeeds } from './needs.ts';
import { expectReplaceable } from './replacement.ts';
import { openSite, type Site } from './site.ts';
import { tellMade, valueFor, type ValueOptions } from './value.ts';

/** What the command line says beside the general options. */
export interface SetOptions extends General, ValueOptions {
  /** Which entry, where the configuration does not say it. */
  scope?: SecretScope;
  /** Take the place of a passphrase that is stored already. */
  replace?: boolean;
}

/** Where a value goes, and what it is. */
export type Destination = Pick<SecretNeed, 'agent' | 'scope' | 'reference' | 'what'>;

/** Sets one secret, or asks for each that is missing. */
export async function setSecrets(
  shell: Shell,
  name: string | undefined,
  options: SetOptions,
): Promise<ExitCode> {
  const site = openSite(shell, options);
  // Whoever says the scope, too, may set what the file is yet to name.
  const isPlaced = name !== undefined && options.scope !== undefined;
  if (site.parsed && !isPlaced) expectAgent(options.agent, site.parsed.config, site.file);
  const wanted = name === undefined ? await missing(shell, site, options) : undefined;
  const destinations = wanted ?? [await destinationOf(site, name ?? '', options)];
  const done = [];
  for (const destination of destinations) {
    const { agent, scope, reference, what } = destination;
    if (what.kind === 'passphrase') await expectReplaceable(shell, site, destination, options);
    const value = await valueFor(shell, reference, what, options);
    await site.entries.set({ agent, scope, reference }, value);
    if (options.generate === true) tellMade(shell, value, options);
    const entry = `workspace-sync/${site.deployment}/${agent}/${scope}`;
    const shown = options.generate === true ? { passphrase: value } : {};
    done.push({ agent, scope, reference, entry, ...shown });
    shell.say(`${reference} is set for agent "${agent}", in ${entry}. The next run uses it.`);
  }
  if (options.json) shell.out(JSON.stringify(done, null, 2));
  return exitCodes.ok;
}

async function missing(shell: Shell, site: Site, options: SetOptions): Promise<Destination[]> {
  const needs = needsOf(site, options);
  const unset = (await lookUp(site.entries, needs, options)).filter(({ isSet }) => !isSet);
  const wanted = needs.filter((need) =>
    unset.some(({ entry, reference }) => entry === need.entry && reference === need.reference),
  );
  if (wanted.length === 0) shell.say('All secrets that the configuration needs are set.');
  else if (!shell.canAsk || options.fromFile !== undefined) {
    const commands = wanted.map(({ agent, reference }) =>
      commandLine(['secrets', 'set', reference], { ...options, agent }),
    );
    throw wrongUsage(`Which secret? These are missing:\n  ${commands.join('\n  ')}`);
  }
  return wanted;
}

function needsOf({ parsed }: Site, { agent }: SetOptions): SecretNeed[] {
  const needs = parsed ? secretNeeds(parsed.config) : [];
  return needs.filter((need) => agent === undefined || need.agent === agent);
}

/** Finds the entry by the configuration, by the options, or by what is already stored. */
async function destinationOf(
  site: Site,
  reference: string,
  options: SetOptions,
): Promise<Destination> {
  if (!/^[A-Z][A-Z0-9_]{0,63}$/.test(reference)) {
    throw wrongUsage(
      `"${reference.slice(0, 64)}" is not the name of a secret: a capital letter, then capitals, digits ` +
        'and "_". A value never stands in the command line.',
    );
  }
  const found = needsOf(site, options).filter(
    (need) =>
      need.reference === reference && (options.scope === undefined || need.scope === options.scope),
  );
  const [need, another] = found;
  if (need && !another) return need;
  if (another) throw ambiguous(reference, found, options);
  const { agent, scope } = options;
  if (agent !== undefined && scope !== undefined) {
    return { agent, scope, reference, what: kindOf(scope) };
  }
  return stored(site, reference, options);
}

/** What a value must be where no configuration says it. */
function kindOf(scope: SecretScope): SecretKind {
  return { kind: scope === 'passphrase' ? 'passphrase' : 'plain' };
}

/** Without a configuration, what the deployment has stored says where a name belongs. */
async function stored(site: Site, reference: string, options: SetOptions): Promise<Destination> {
  if (site.parsed === undefined) {
    const all = await site.entries.all();
    const holding = await Promise.all(
      all.map(async ({ agent, scope }) => {
        const facts = await site.entries.look(agent, scope);
        return facts?.names.includes(reference) ? [{ agent, scope, reference }] : [];
      }),
    );
    const found = holding
      .flat()
      .filter(({ agent }) => options.agent === undefined || agent === options.agent);
    const [place, another] = found;
    if (place && !another) return { ...place, what: kindOf(place.scope) };
    if (another) throw ambiguous(reference, found, options);
  }
  throw new CommandFailure(unknownText(site, reference), {
    code: 'unknown-secret',
    exitCode: exitCodes.usage,
  });
}

function unknownText({ parsed, file }: Site, reference: string): string {
  const names = parsed ? secretNeeds(parsed.config).map((need) => need.reference) : [];
  const known = [...new Set(names)].join(', ') || 'no secrets';
  const why = parsed
    ? `${file} does not refer to ${reference}; it refers to ${known}.`
    : `There is no configuration file ${file} that would say where ${reference} belongs.`;
  return `${why} To store it all the same, say --agent and --scope.`;
}

function ambiguous(
  reference: string,
  found: { agent: string; scope: string }[],
  chosen: Chosen,
): CommandFailure {
  const commands = found.map(({ agent, scope }) =>
    commandLine(['secrets', 'set', reference, '--scope', scope], { ...chosen, agent }),
  );
  return wrongUsage(
    `${reference} is the name of several secrets. Say which:\n  ${commands.join('\n  ')}`,
  );
}
