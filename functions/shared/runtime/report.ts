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
  return mapTotals((name) => before[name] + (leg[name] ?? 0));
}

/** The counters of a report, without the rest of it. */
export function totalsOf(report: RunTotals): RunTotals {
  return mapTotals((name) => report[name]);
}

function mapTotals(value: (name: keyof RunTotals) => number): RunTotals {
  return {
    filesSent: value('filesSent'),
    bytesSent: value('bytesSent'),
    filesDeleted: value('filesDeleted'),
    filesDelivered: value('filesDelivered'),
    bytesDelivered: value('bytesDelivered'),
    filesQuarantined: value('filesQuarantined'),
    apiRetries: value('apiRetries'),
  };
}
