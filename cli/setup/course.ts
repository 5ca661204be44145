import { exitCodes, type ExitCode } from '../exit-codes.ts';

/** What a setup does once everything is known and written; each may throw. */
export interface Steps {
  /** Whether syncs of the agent run by themselves already. */
  isScheduled(): Promise<boolean>;
  /** Asks whether to deploy. */
  mayDeploy(isScheduled: boolean): Promise<boolean>;
  /** Deploys the configuration with this interval of the agent, in seconds. */
  deploy(interval: number): Promise<void>;
  /** The first run and the first snapshot, as far as they are wanted. */
  firstRuns(): Promise<ExitCode>;
  /** Says what to do next. */
  welcome(stage: Stage): Promise<void>;
  /** Says what is not done, and how to finish it. */
  tellUnfinished(stage: Stage): void;
}

/** How far a setup has come. */
export interface Stage {
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
  const stage: Stage = { isDeployed: false, hasRun: false, isScheduled: keeps || interval === 0 };
  try {
    if (!(await steps.mayDeploy(keeps))) return exitCodes.skipped;
    await steps.deploy(keeps ? interval : 0);
    stage.isDeployed = true;
    const ran = firstRun ? await steps.firstRuns() : exitCodes.ok;
    // What is named in a report stays behind, and the next runs see to it.
    if (ran !== exitCodes.ok && ran !== exitCodes.partial) return ran;
    stage.hasRun = firstRun;
    if (firstRun && !stage.isScheduled) {
      await steps.deploy(interval);
      stage.isScheduled = true;
    }
    await steps.welcome(stage);
    return ran;
  } finally {
    if (!stage.isDeployed || !stage.isScheduled) steps.tellUnfinished(stage);
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
