import {
  deploymentNamePattern,
  parseConfig,
  type ParsedConfig,
} from '../../functions/shared/config/index.ts';
import { readForm } from '../../functions/shared/config/forms.ts';
import { targetOf, type Target } from '../aws/target.ts';
import { configFile } from '../context.ts';
import { expectBootstrapped, regionOf } from '../deploy/bootstrapped.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { wrongUsage } from '../failure.ts';
import type { General } from '../general.ts';
import { confirmed, interrupted, isInterrupt } from '../output/ask.ts';
import { counted } from '../output/words.ts';
import { type Entries, secretEntries } from '../secrets/entries.ts';
import type { Shell } from '../shell.ts';
import { type Answers, readAnswers } from './answers.ts';
import { follow } from './course.ts';
import { type Blocks, readDeployment, withAgent } from './file.ts';
import { expectImportable, type Imported, importPlugin } from './import.ts';
import { Interview } from './interview.ts';
import { askAgent, askTop, type Draft, draftOf } from './questions.ts';
import { wantedInterval, withInterval } from './schedule.ts';
import { expectSamePassphrases, gatherSecrets, PendingSecrets } from './secrets.ts';
import { type Prepared, stepsOf } from './steps.ts';
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
  const prepared = await prepare(shell, options).catch((error: unknown) => {
    throw isInterrupt(error)
      ? interrupted('No configuration was written, and nothing was deployed.')
      : error;
  });
  if (!prepared) return exitCodes.skipped;
  const course = { interval: prepared.draft.interval, firstRun: options.firstRun };
  return follow(course, stepsOf(prepared));
}

/** Asks and tries; `undefined` where nothing is to be changed. */
async function prepare(shell: Shell, options: SetupOptions): Promise<Prepared | undefined> {
  const begun = await begin(shell, options);
  const { existing, ...setupOf } = begun;
  const { interview, file } = setupOf;
  const imported = await importedBy(options, interview);
  if (imported) tellImport(shell, imported);
  const draft = imported ? await draftOfImport(begun, imported) : await askDraft(begun);
  interview.expectComplete();
  if (existing && !(await mayChange(setupOf, draft, existing, imported !== undefined))) {
    shell.say(`${file} stays as it is. --config names another file.`);
    return undefined;
  }
  const placed = withAgent(existing, { ...draft, deployment: setupOf.deployment });
  const whole = withInterval(placed, draft.agent, draft.interval);
  const parsed = parseConfig(whole, file);
  const secrets = new PendingSecrets(setupOf);
  const sources = { parsed, agent: draft.agent, imported: imported?.secrets ?? {} };
  await gatherSecrets(setupOf, secrets, 'others', sources);
  interview.expectComplete();
  await expectSamePassphrases(setupOf, sources);
  await tryOut(setupOf, parsed, draft.agent, secrets);
  await gatherSecrets(setupOf, secrets, 'passphrase', sources);
  interview.expectComplete();
  return { setupOf, whole, draft, secrets };
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
  const deployment = await askDeployment(interview, { options, target, file, existing });
  const entries = secretEntries(target, deployment, shell.clock);
  return { shell, options, target, file, deployment, interview, entries, existing };
}

type Begun = Awaited<ReturnType<typeof begin>>;

/** Another deployment has a file of its own: with another name all agents of this one would move. */
function askDeployment(
  interview: Interview,
  { options, target, file, existing }: Pick<Begun, 'options' | 'target' | 'file' | 'existing'>,
): Promise<string> {
  const known = existing && readForm(existing).deployment;
  return interview.text('deployment', 'Name of the deployment:', {
    initial: options.deployment ?? target.session?.deployment ?? known ?? 'default',
    check(name) {
      if (!deploymentNamePattern.test(name)) return 'It can be: lower-case letters, digits and "-"';
      if (known === undefined || name === known) return true;
      return `${file} describes the deployment "${known}". Name another file for "${name}" with --config`;
    },
  });
}

function askDraft({ interview, options, target, existing }: Begun): Promise<Draft> {
  return draftOf(interview, { agent: options.agent, session: target.session, existing });
}

async function importedBy(
  options: SetupOptions,
  { answers }: Interview,
): Promise<Imported | undefined> {
  if (options.import === undefined) return undefined;
  expectImportable(answers);
  return importPlugin(options.import, answers.agent ?? options.agent);
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

async function draftOfImport(
  { interview, existing, deployment }: Begun,
  { agent: offered, blocks }: Imported,
): Promise<Draft> {
  const agent = await askAgent(interview, offered);
  const top = await askTop(interview, existing);
  const { config } = parseConfig(withAgent(existing, { deployment, agent, blocks, top }));
  const sync = config.agents.find(({ name }) => name === agent)?.sync;
  return { agent, blocks, top, interval: wantedInterval(interview.answers.interval, sync) };
}

/** An agent that is there already is changed only by somebody who means it. */
async function mayChange(
  { shell, options, file, interview }: Setup,
  { agent }: Draft,
  existing: Record<string, unknown>,
  isImport: boolean,
): Promise<boolean> {
  const agents = existing['agents'] as Blocks;
  const ask = (what: string): Promise<boolean> =>
    confirmed({ shell, general: options }, what, true);
  if (!Object.hasOwn(agents, agent)) {
    const names = Object.keys(agents).join(', ');
    return ask(`${file} describes ${names} already. Add agent "${agent}" to it?`);
  }
  const found = `${file} has settings of agent "${agent}" already.`;
  if (!isImport) return ask(`${found} Change them?`);
  // Nobody has named it: the file of a gateway rarely does.
  if (options.yes && (interview.answers.agent ?? options.agent) === undefined) {
    throw wrongUsage(
      `${found} --agent ${agent} puts the imported ones over them; another name adds an agent.`,
    );
  }
  return ask(`${found} Put the imported ones over them?`);
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
