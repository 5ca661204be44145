import { parseConfig } from '../../functions/shared/config/index.ts';
import { objectAt } from '../../functions/shared/config/raw.ts';
import { clientsFor } from '../aws/clients.ts';
import { type Chosen, commandInQuotes, commandLine, quotedLine } from '../command-line.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { confirmed } from '../output/ask.ts';
import { both, type Stage, type Steps, tellingAtInterrupt } from './course.ts';
import { type Blocks, writeDeployment } from './file.ts';
import { firstRun, firstSnapshot } from './first-run.ts';
import type { Draft } from './questions.ts';
import {
  chosenAfter,
  deployWith,
  scheduledAgents,
  unfinishedText,
  unscheduledBeside,
  withInterval,
} from './schedule.ts';
import { type PendingSecrets, storeFresh } from './secrets.ts';
import type { Setup } from './setup.ts';

/** What is known, tried and not written yet. */
export interface Prepared {
  setupOf: Setup;
  whole: Record<string, unknown>;
  draft: Draft;
  secrets: PendingSecrets;
}

/** The steps of a setup, in AWS. */
export function stepsOf({ setupOf, whole, draft, secrets }: Prepared): Steps {
  const { shell, options } = setupOf;
  const { agent, interval } = draft;
  const sync = objectAt(objectAt(objectAt(whole, 'agents'), agent), 'sync');
  const tellUnfinished = (stage: Stage): void => {
    const where = { chosen: chosenAfter(setupOf), file: setupOf.file };
    shell.say(unfinishedText(where, { agent, interval, mode: sync['mode'] }, stage));
  };
  let seconds: number | undefined;
  let asleep: string[] = [];
  // The file has the intervals that are wanted, so that "deploy" schedules whenever the person says so.
  const asDeployed = (now: number): Record<string, unknown> =>
    asleep.reduce((json, name) => withInterval(json, name, 0), withInterval(whole, agent, now));
  return {
    async isScheduled() {
      const scheduled = await scheduledAgents(setupOf);
      asleep = unscheduledBeside(agent, parseConfig(whole).config.agents, scheduled);
      return scheduled.has(agent);
    },
    write: () => write(setupOf, whole),
    store: () => storeFresh(setupOf, secrets),
    async mayDeploy(isScheduled) {
      if (isScheduled) {
        shell.say(
          `Syncs of agent "${agent}" are scheduled already. They go on ` +
            `${interval > 0 ? `every ${interval} seconds, ` : 'no more, as you said, '}with the new settings from this deployment on.`,
        );
      }
      for (const name of asleep) shell.say(asleepText(name, chosenAfter(setupOf)));
      return confirmed({ shell, general: options }, 'Deploy it now?', true);
    },
    async deploy(now, stage) {
      if (seconds !== undefined) {
        shell.say(`From now on it runs every ${now} seconds. Deploying that …`);
      }
      seconds = now;
      await tellingAtInterrupt(
        shell,
        () => {
          tellUnfinished(stage);
        },
        () => deployWith(setupOf, asDeployed(now)),
      );
    },
    firstRuns: () =>
      both(
        () => firstRun(setupOf, agent),
        () => (takesSnapshots(whole, agent) ? firstSnapshot(setupOf, agent) : noRun()),
      ),
    welcome: (stage) => welcome(setupOf, agent, sync, stage),
    tellUnfinished,
  };
}

function asleepText(agent: string, chosen: Chosen): string {
  const setUp = commandInQuotes(['setup'], { ...chosen, agent });
  const deploy = commandInQuotes(['deploy'], chosen);
  return (
    `Syncs of agent "${agent}" are not scheduled, and this deployment does not schedule them: nobody may ` +
    `have seen yet what its first run does. ${setUp} goes on with it; ${deploy} schedules it at once.`
  );
}

function noRun(): Promise<ExitCode> {
  return Promise.resolve(exitCodes.ok);
}

async function welcome(
  setupOf: Setup,
  agent: string,
  sync: Blocks,
  { isScheduled }: Stage,
): Promise<void> {
  const { shell, options, file, deployment } = setupOf;
  const { findDeployment } = await import('../aws/deployment.ts');
  const { outputs } = await findDeployment(clientsFor(setupOf.target).cloudFormation, deployment);
  if (options.json) shell.out(JSON.stringify({ deployment, agent, file, outputs }, null, 2));
  shell.say(`
${isScheduled ? 'All is set up.' : 'It is deployed.'} ${nextSteps(setupOf, agent, sync)}
`);
}

function takesSnapshots(whole: Record<string, unknown>, agent: string): boolean {
  const { config } = parseConfig(whole);
  return config.agents.some(({ name, backup }) => name === agent && backup.enabled);
}

function nextSteps(setupOf: Setup, agent: string, sync: Blocks): string {
  const { target } = setupOf;
  const chosen = chosenAfter(setupOf);
  const [look, examine] = ['status', 'doctor'].map((word) => commandInQuotes([word], chosen));
  const outbox = [target.session?.cloudFolder ?? '', sync['remotePath'], '_outbox/'].filter(
    Boolean,
  );
  const copied = target.session
    ? `\n  ${quotedLine(['cp', 'hello.txt', outbox.join('/')])}`
    : '\n  (or put a file into the folder _outbox of the cloud folder)';
  // Only mailboxes are emptied from the cloud folder, too.
  const folder = sync['mode'] === 'mailbox' ? copied : '';
  return `Give the agent a first file:

  echo hello > hello.txt
  ${commandLine(['drop', 'hello.txt'], { ...chosen, agent })}${folder}

It arrives in _inbox of the workspace. Then: ${look}, ${examine}.`;
}

async function write({ shell, file }: Setup, json: Record<string, unknown>): Promise<void> {
  const { notices } = await writeDeployment(file, json);
  shell.say(`Wrote ${file}.`);
  for (const { key, message } of notices) shell.say(`  ${key}: ${message}`);
}
