import { epochOf, isoTime } from '../clock.ts';
import {
  changes,
  type Amount,
  type JobReport,
  type JobRequest,
  type RunPlan,
  type RunProgress,
  type RunState,
  type RunTotals,
} from '../contract/index.ts';
import { addUsage, noUsage } from '../cost/month.ts';
import { planText } from './plan-text.ts';
import type { Runtime } from './runtime.ts';

/** What a job returns: how it ended, and what it did in this leg. */
export type JobResult = Partial<
  Omit<JobReport, 'version' | 'job' | 'agent' | 'runId' | 'trigger' | 'startedAt' | 'finishedAt'>
> & {
  state: RunState;
  /** Of a run that goes on: what is left, in a sentence, should it have to give up. */
  unfinished?: string;
  /** Nothing was tried, because the same run is at work, or over: its own report is the one that counts. */
  repeated?: true;
  /** The request was at fault, and says nothing of the agent: it is kept in the history alone. */
  rejected?: true;
};

/** Names that a report carries; more are counted. */
const maxNames = 1_000;

/** Each says what is wrong with it. */
const maxDamaged = 100;

/** Every counter, so that none is forgotten where they are added up. */
const counters: Record<keyof RunTotals, true> = {
  filesSent: true,
  bytesSent: true,
  filesReceived: true,
  bytesReceived: true,
  filesDeleted: true,
  conflicts: true,
  filesDelivered: true,
  bytesDelivered: true,
  filesQuarantined: true,
  filesStored: true,
  bytesStored: true,
  filesVerified: true,
  bytesVerified: true,
  filesRestored: true,
  bytesRestored: true,
  snapshotsDeleted: true,
  apiRetries: true,
};

/** Names of the counters of a run. */
export const totalNames = Object.keys(counters) as (keyof RunTotals)[];

/** The counters of a run that has done nothing yet. */
export const noTotals: RunTotals = mapTotals(() => 0);

/** Whether anything was done, as far as the counters say. Requests that were tried again are none. */
export function madeProgress(before: Partial<RunTotals>, after: Partial<RunTotals>): boolean {
  return totalNames.some(
    (name) => name !== 'apiRetries' && (after[name] ?? 0) > (before[name] ?? 0),
  );
}

/** The account of a run up to and with this leg. */
export function createReport(
  { clock }: Runtime,
  { job, agent, trigger }: JobRequest,
  progress: RunProgress,
  result: JobResult,
): JobReport {
  const { state, reason, skipped = [], delivered = [], warnings = [] } = result;
  const plan = planOf(result);
  const { snapshot, snapshots, cloudFiles, retention, restoredTo, wouldRestore } = result;
  const { snapshotScope, damagedSnapshots, pushed, pushedTo, tokens = [] } = result;
  const now = clock.now();
  return {
    version: 1,
    job,
    agent,
    runId: progress.runId,
    trigger: progress.trigger ?? trigger,
    state,
    ...(reason ? { reason } : {}),
    startedAt: progress.startedAt,
    finishedAt: isoTime(now),
    durationMs: now - epochOf(progress.startedAt),
    legs: progress.leg,
    ...(result.usage ? { usage: addUsage(progress.usage ?? noUsage, result.usage) } : {}),
    ...addTotals(progress.totals, result),
    skipped: skipped.slice(0, maxNames),
    skippedFiles: skipped.length,
    delivered: delivered.slice(0, maxNames),
    warnings,
    ...(plan ? { plan, planText: planText(plan) } : {}),
    ...(snapshot ? { snapshot } : {}),
    ...(snapshotScope === undefined ? {} : { snapshotScope }),
    ...(damagedSnapshots ? { damagedSnapshots: damagedSnapshots.slice(0, maxDamaged) } : {}),
    ...(snapshots ? { snapshots } : {}),
    ...(cloudFiles
      ? { cloudFiles: { ...cloudFiles, named: cloudFiles.named.slice(0, maxNames) } }
      : {}),
    ...(retention ? { retention } : {}),
    ...(restoredTo === undefined ? {} : { restoredTo }),
    ...(wouldRestore ? { wouldRestore: wouldRestore.slice(0, maxNames) } : {}),
    ...(pushed ? { pushed } : {}),
    ...(pushedTo === undefined ? {} : { pushedTo }),
    ...(tokens.length > 0 ? { tokens } : {}),
  };
}

/** A run that was stopped before it had compared both sides has no plan: an empty one says it has. */
function planOf({ state, plan }: JobResult): RunPlan | undefined {
  const isEmpty = plan && changes.every((change) => plan.totals[change].files === 0);
  return state === 'blocked' && isEmpty ? undefined : plan;
}

function addTotals(before: RunTotals, leg: Partial<RunTotals>): RunTotals {
  return mapTotals((name) => before[name] + (leg[name] ?? 0));
}

/** The counters of a report, without the rest of it. */
export function totalsOf(report: RunTotals): RunTotals {
  return mapTotals((name) => report[name]);
}

/** Files and bytes that were carried, in whatever direction. */
export function amountOf(totals: RunTotals): Amount {
  const sum = (...parts: number[]): number => parts.reduce((all, part) => all + part, 0);
  const { filesSent, filesReceived, filesDelivered } = totals;
  const { bytesSent, bytesReceived, bytesDelivered } = totals;
  const { filesStored, filesVerified, filesRestored } = totals;
  const { bytesStored, bytesVerified, bytesRestored } = totals;
  return {
    files: sum(filesSent, filesReceived, filesDelivered, filesStored, filesVerified, filesRestored),
    bytes: sum(bytesSent, bytesReceived, bytesDelivered, bytesStored, bytesVerified, bytesRestored),
  };
}

function mapTotals(value: (name: keyof RunTotals) => number): RunTotals {
  return Object.fromEntries(totalNames.map((name) => [name, value(name)])) as unknown as RunTotals;
}
