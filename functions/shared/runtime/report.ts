import { epochOf, isoTime } from '../clock.ts';
import type { JobReport, JobRequest, RunProgress, RunState, RunTotals } from '../contract/index.ts';
import type { Runtime } from './runtime.ts';

/** What a job returns: how it ended, and what it did in this leg. */
export type JobResult = Partial<
  Omit<JobReport, 'version' | 'job' | 'agent' | 'runId' | 'trigger' | 'startedAt' | 'finishedAt'>
> & { state: RunState };

/** Names that a report carries; more are counted. */
const maxNames = 1_000;

/** The counters of a run that has done nothing yet. */
export const noTotals: RunTotals = {
  filesSent: 0,
  bytesSent: 0,
  filesDeleted: 0,
  filesDelivered: 0,
  bytesDelivered: 0,
  filesQuarantined: 0,
  apiRetries: 0,
};

/** The account of a run up to and with this leg. */
export function createReport(
  { clock }: Runtime,
  { job, agent, trigger }: JobRequest,
  progress: RunProgress,
  result: JobResult,
): JobReport {
  const { state, reason, plan, skipped = [], delivered = [], warnings = [] } = result;
  const now = clock.now();
  return {
    version: 1,
    job,
    agent,
    runId: progress.runId,
    trigger,
    state,
    ...(reason ? { reason } : {}),
    startedAt: progress.startedAt,
    finishedAt: isoTime(now),
    durationMs: now - epochOf(progress.startedAt),
    legs: progress.leg,
    ...addTotals(progress.totals, result),
    skipped: skipped.slice(0, maxNames),
    skippedFiles: skipped.length,
    delivered: delivered.slice(0, maxNames),
    warnings,
    ...(plan ? { plan } : {}),
  };
}

function addTotals(before: RunTotals, leg: Partial<RunTotals>): RunTotals {
  const sum = (name: keyof RunTotals): number => before[name] + (leg[name] ?? 0);
  return {
    filesSent: sum('filesSent'),
    bytesSent: sum('bytesSent'),
    filesDeleted: sum('filesDeleted'),
    filesDelivered: sum('filesDelivered'),
    bytesDelivered: sum('bytesDelivered'),
    filesQuarantined: sum('filesQuarantined'),
    apiRetries: sum('apiRetries'),
  };
}
