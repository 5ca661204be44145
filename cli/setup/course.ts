import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { interrupted, isInterrupt } from '../output/ask.ts';
import type { Shell } from '../shell.ts';

/** What a setup does once everything is known and written; each may throw. */
export interface Steps {
  /** Whether syncs of the agent run by themselves already. */
  isScheduled(): Promise<boolean>;
  /** Asks whether to deploy. */
  mayDeploy(isScheduled: boolean): Promise<boolean>;
  /** Writes the configuration, whole or not at all. */
  write(): Promise<void>;
  /** Stores the secrets that it refers to. */
  store(): Promise<void>;
  /** Deploys the configuration with this interval of the agent, in seconds. */
  deploy(interval: number, stage: Stage): Promise<void>;
  /** The first run and the first snapshot, as far as they are wanted. */
  firstRuns(): Promise<ExitCode>;
  /** Says what to do next. */
  welcome(stage: Stage): Promise<void>;
  /** Says what is not done, and how to finish it. */
  tellUnfinished(stage: Stage): void;
}

/** How far a setup has come. */
export interface Stage {
  isWritten: boolean;
  isDeployed: boolean;
  /** Whether a first run was made, and has done all that it could. */
  hasRun: boolean;
  /** Whether syncs run by themselves as it is wanted, which may be: not at all. */
  isScheduled: boolean;
}

/** What is wanted of an agent. */
export interface Course {
  /** Seconds between syncs; 0 is only when asked. */
  interval: number;
  /** Whether there is to be a first run: without one nothing is scheduled. */
  firstRun: boolean;
}

/**
 * Deploys, makes the first run, and schedules what comes after it: nothing runs by itself before. An
 * agent that has a schedule keeps one throughout. Wherever this ends, it is said what is not done.
 */
export async function follow({ interval, firstRun }: Course, steps: Steps): Promise<ExitCode> {
  const keeps = await steps.isScheduled();
  const stage: Stage = {
    isWritten: false,
    isDeployed: false,
    hasRun: false,
    isScheduled: keeps || interval === 0,
  };
  try {
    await steps.write();
    stage.isWritten = true;
    await steps.store();
    if (!(await steps.mayDeploy(keeps))) return exitCodes.skipped;
    await steps.deploy(keeps ? interval : 0, stage);
    stage.isDeployed = true;
    const ran = firstRun ? await steps.firstRuns() : exitCodes.ok;
    // What is named in a report stays behind, and the next runs see to it.
    if (ran !== exitCodes.ok && ran !== exitCodes.partial) return ran;
    stage.hasRun = firstRun;
    if (firstRun && !stage.isScheduled) {
      await steps.deploy(interval, stage);
      stage.isScheduled = true;
    }
    await steps.welcome(stage);
    return ran;
  } catch (error) {
    throw isInterrupt(error) ? interrupted(whatIsDone(stage)) : error;
  } finally {
    const isFinished = stage.isDeployed && stage.isScheduled;
    if (stage.isWritten && !isFinished) steps.tellUnfinished(stage);
  }
}

function whatIsDone({ isWritten, isDeployed }: Stage): string {
  if (isDeployed) return 'It is deployed; what was asked last was not done.';
  const what = isWritten ? 'The configuration is written' : 'Nothing was written';
  return `${what}, and nothing was deployed.`;
}

/** Has something said where Ctrl-C ends the work, and the process with it. */
export async function tellingAtInterrupt(
  shell: Pick<Shell, 'onInterrupt'>,
  tell: () => void,
  work: () => Promise<void>,
): Promise<void> {
  const release = shell.onInterrupt(() => {
    // Whoever listens after us ends the process, which nobody may be in the way of.
    release();
    tell();
  });
  try {
    await work();
  } finally {
    release();
  }
}

/** The exit code of two runs after each other: the second is not made where the first has failed. */
export async function both(
  first: () => Promise<ExitCode>,
  second: () => Promise<ExitCode>,
): Promise<ExitCode> {
  const one = await first();
  if (one !== exitCodes.ok && one !== exitCodes.partial) return one;
  const other = await second();
  return other === exitCodes.ok ? one : other;
}
