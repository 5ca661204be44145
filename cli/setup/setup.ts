import { parseConfig, type ParsedConfig } from '../../functions/shared/config/index.ts';
import { objectAt } from '../../functions/shared/config/raw.ts';
import { clientsFor } from '../aws/clients.ts';
import { targetOf, type Target } from '../aws/target.ts';
import { configFile } from '../context.ts';
import { expectBootstrapped, regionOf } from '../deploy/bootstrapped.ts';
import { cdkSettings, deployNow } from '../deploy/deploy.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { General } from '../general.ts';
import { counted } from '../output/words.ts';
import { type Entries, secretEntries } from '../secrets/entries.ts';
import { askYes } from '../secrets/prompt.ts';
import type { Shell } from '../shell.ts';
import { type Answers, readAnswers } from './answers.ts';
import { type Blocks, readDeployment, withAgent, writeDeployment } from './file.ts';
import { firstRun, firstSnapshot } from './first-run.ts';
import { type Imported, importPlugin } from './import.ts';
import { Interview } from './interview.ts';
import { type Draft, draftOf } from './questions.ts';
import { gatherSecrets, PendingSecrets } from './secrets.ts';
import { tryCloud, tryWebhook } from './trials.ts';

/** What the command line says beside the general options. */
export interface SetupOptions extends General {
  /** A file with answers; options weigh more. */
  answers?: string;
  /** An openclaw.json with the plugin's settings. */
  import?: string;
  /** Minutes that one deployment may take. */
  timeout: number;
  /** Whether the first run is made. */
  firstRun: boolean;
  /** Answers that stand in the command line; none of them is a secret. */
  given: Answers;
}

/** What a setup works with. */
export interface Setup {
  shell: Shell;
  options: SetupOptions;
  target: Target;
  file: string;
  deployment: string;
  interview: Interview;
  entries: Entries;
}

/** From nothing to a first run: asks, checks, writes, deploys, shows the plan, and runs it. */
export async function setup(shell: Shell, options: SetupOptions): Promise<ExitCode> {
  const begun = await begin(shell, options);
  const { existing, ...setupOf } = begun;
  const { interview, file } = setupOf;
  const imported = options.import === undefined ? undefined : await importPlugin(options.import);
  if (imported) tellImport(shell, imported);
  const draft = imported ? await draftOfImport(interview, imported) : await askDraft(setupOf);
  interview.expectComplete();
  if (existing && !(await mayChange(setupOf, draft, existing))) {
    shell.say(`${file} stays as it is. --config names another file.`);
    return exitCodes.skipped;
  }
  const whole = withAgent(existing, { ...draft, deployment: setupOf.deployment });
  const first = withInterval(whole, draft.agent, 0);
  const parsed = parseConfig(first, file);
  const secrets = new PendingSecrets(setupOf);
  const sources = { parsed, imported: imported?.secrets ?? {} };
  await gatherSecrets(setupOf, secrets, 'others', sources);
  interview.expectComplete();
  await tryOut(setupOf, parsed, draft.agent, secrets);
  await gatherSecrets(setupOf, secrets, 'passphrase', sources);
  interview.expectComplete();
  await store(setupOf, first, secrets);
  await deployFirst(setupOf);
  return finish(setupOf, whole, draft);
}

async function begin(
  shell: Shell,
  options: SetupOptions,
): Promise<Setup & { existing: Record<string, unknown> | undefined }> {
  const target = targetOf(options, shell.env);
  const file = configFile(options);
  const existing = readDeployment(file);
  const answers = options.answers === undefined ? {} : await readAnswers(options.answers);
  const interview = new Interview(shell, { ...answers, ...options.given }, options);
  await expectBootstrapped(target, options.profile);
  const known = existing?.['deployment'];
  const deployment = await interview.text('deployment', 'Name of the deployment:', {
    initial:
      options.deployment ??
      target.session?.deployment ??
      (typeof known === 'string' ? known : 'default'),
    check: (name) =>
      /^[a-z][a-z0-9-]{0,31}$/.test(name) || 'It can be: lower-case letters, digits and "-"',
  });
  const entries = secretEntries(target, deployment, shell.clock);
  return { shell, options, target, file, deployment, interview, entries, existing };
}

function askDraft({ interview, options, target }: Setup): Promise<Draft> {
  return draftOf(interview, { agent: options.agent, session: target.session });
}

function tellImport(shell: Shell, { blocks, secrets, differences }: Imported): void {
  const { notices } = parseConfig({ ...blocks });
  const lines = [...differences, ...notices].map(({ key, message }) => `  ${key}: ${message}`);
  shell.say(`Imported. What means something different here:\n${lines.join('\n')}`);
  const names = Object.keys(secrets);
  if (names.length === 0) return;
  shell.say(
    `${counted(names.length, 'secret stands', 'secrets stand')} in that file and will be stored as ` +
      `${names.join(', ')}. Take it out of the file once all works.`,
  );
}

async function draftOfImport(interview: Interview, { agent, blocks }: Imported): Promise<Draft> {
  const { config } = parseConfig({ agent, ...blocks });
  const [sync] = config.agents.map((each) => each.sync);
  const email = await interview.text('alarmEmail', 'E-mail address for alarms (empty: none):', {
    initial: '',
  });
  return {
    agent,
    blocks,
    interval: sync?.interval ?? 0,
    top: email === '' ? {} : { alarmEmail: email },
  };
}

/** An agent that is there already is changed only by somebody who means it. */
async function mayChange(
  { shell, options, file }: Setup,
  { agent }: Draft,
  existing: Record<string, unknown>,
): Promise<boolean> {
  const agents = existing['agents'] as Blocks;
  const what = Object.hasOwn(agents, agent)
    ? `${file} has settings of agent "${agent}" already. Change them?`
    : `${file} describes ${Object.keys(agents).join(', ')} already. Add agent "${agent}" to it?`;
  return askYes(shell, options, what);
}

/** The same configuration with another interval: nothing runs by itself before the first run. */
function withInterval(
  json: Record<string, unknown>,
  agent: string,
  interval: number,
): Record<string, unknown> {
  const agents = json['agents'] as Record<string, { sync?: Blocks }>;
  const changed = { ...agents[agent], sync: { ...agents[agent]?.sync, interval } };
  return { ...json, agents: { ...agents, [agent]: changed } };
}

async function tryOut(
  setupOf: Setup,
  { config }: ParsedConfig,
  name: string,
  secrets: PendingSecrets,
): Promise<void> {
  const agent = config.agents.find((each) => each.name === name);
  if (!agent) return;
  await tryCloud(setupOf, agent, secrets, (await regionOf(setupOf.target)) || '');
  await tryWebhook(setupOf, agent, secrets);
}

async function store(
  { shell, entries, file }: Setup,
  json: Record<string, unknown>,
  secrets: PendingSecrets,
): Promise<void> {
  const { notices } = await writeDeployment(file, json);
  shell.say(`Wrote ${file}.`);
  for (const { key, message } of notices) shell.say(`  ${key}: ${message}`);
  for (const { place, value } of secrets.fresh()) await entries.set(place, value);
  const names = secrets.fresh().map(({ place }) => place.reference);
  if (names.length > 0) shell.say(`Stored ${names.join(', ')} in Secrets Manager.`);
}

async function deployFirst(setupOf: Setup): Promise<void> {
  const { shell, options } = setupOf;
  if (!(await askYes(shell, options, 'Deploy it now?'))) {
    shell.say('Nothing was deployed. Go on with "workspace-sync deploy", or with setup once more.');
    throw new SetupEnded();
  }
  await deployNow(shell, setupOf, cdkSettings(setupOf, options));
}

/** The person has seen enough; all that is done stays done. */
export class SetupEnded extends Error {}

/** The first run, then the interval, then what to do next. */
async function finish(
  setupOf: Setup,
  whole: Record<string, unknown>,
  { agent, interval }: Draft,
): Promise<ExitCode> {
  const { shell, options, file } = setupOf;
  const ran = options.firstRun ? await firstRun(setupOf, agent) : exitCodes.ok;
  if (ran !== exitCodes.ok) return ran;
  if (options.firstRun && takesSnapshots(whole, agent)) {
    const taken = await firstSnapshot(setupOf, agent);
    if (taken !== exitCodes.ok) return taken;
  }
  if (interval > 0) {
    await writeDeployment(file, withInterval(whole, agent, interval));
    shell.say(`From now on it runs every ${interval} seconds. Deploying that …`);
    await deployNow(shell, setupOf, cdkSettings(setupOf, options));
  }
  const { findDeployment } = await import('../aws/deployment.ts');
  const { cloudFormation } = clientsFor(setupOf.target);
  const { outputs } = await findDeployment(cloudFormation, setupOf.deployment);
  if (options.json) {
    shell.out(JSON.stringify({ deployment: setupOf.deployment, agent, file, outputs }, null, 2));
  }
  shell.say(
    nextSteps(setupOf, agent, objectAt(objectAt(objectAt(whole, 'agents'), agent), 'sync')),
  );
  return exitCodes.ok;
}

function takesSnapshots(whole: Record<string, unknown>, agent: string): boolean {
  const { config } = parseConfig(whole);
  return config.agents.some(({ name, backup }) => name === agent && backup.enabled);
}

function nextSteps({ target, options }: Setup, agent: string, sync: Blocks): string {
  const local = target.session ? ' --local' : '';
  const by = options.config === undefined ? '' : ` --config ${options.config}`;
  const outbox = [target.session?.cloudFolder ?? '', sync['remotePath'], '_outbox/'].filter(
    Boolean,
  );
  const copied = target.session
    ? `\n  cp hello.txt ${outbox.join('/')}`
    : '\n  (or put a file into the folder _outbox of the cloud folder)';
  // Only mailboxes are emptied from the cloud folder, too.
  const folder = sync['mode'] === 'mailbox' ? copied : '';
  return `
All is set up. Give the agent a first file:

  echo hello > hello.txt
  workspace-sync drop hello.txt --agent ${agent}${by}${local}${folder}

It arrives in _inbox of the workspace. Then: workspace-sync status${by}${local}, workspace-sync doctor${by}${local}`;
}
