import { randomBytes } from 'node:crypto';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import * as z from 'zod';
import { epochOf, isoTime } from '../clock.ts';
import {
  environment,
  eventSources,
  eventTypes,
  metrics,
  runStates,
  stateKeys,
  type JobReport,
  type JobRequest,
  type RunProgress,
  type RunReason,
  type RunState,
  type RunTotals,
} from '../contract/index.ts';
import { WorkspaceSyncError } from '../errors.ts';
import { readJson } from '../state/json.ts';
import { required, type Runtime } from './runtime.ts';
import { createTimeBudget, type TimeBudget } from './time-budget.ts';

/** What a job returns: how it ended, and what it did in this leg. */
export type JobResult = Partial<
  Omit<JobReport, 'version' | 'job' | 'agent' | 'runId' | 'trigger' | 'startedAt' | 'finishedAt'>
> & { state: RunState };

/** What the wrapper gives to a job. */
export interface RunContext {
  runtime: Runtime;
  request: JobRequest;
  runId: string;
  leg: number;
  budget: TimeBudget;
}

/** The little of Lambda's context that is used. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

export type JobFunction = (context: RunContext) => Promise<JobResult>;

/** What is to be done, and for how long at most over all legs. */
export interface Work {
  request: JobRequest;
  timeoutSeconds?: number;
}

/** Legs in a row without a finished file, after which a run gives up. */
const maxLegsWithoutProgress = 3;

/** Names that a report carries; more are counted. */
const maxNames = 1_000;

const noTotals: RunTotals = {
  filesSent: 0,
  bytesSent: 0,
  filesDeleted: 0,
  filesDelivered: 0,
  bytesDelivered: 0,
  filesQuarantined: 0,
  apiRetries: 0,
};

/**
 * The one wrapper around every job: it gives the run its id and its time, turns whatever happens
 * into a report, publishes that once, and asks for the next leg where there is more to do.
 *
 * A fault becomes a failed report; nothing is thrown for it.
 */
export async function runJob(
  runtime: Runtime,
  { request, timeoutSeconds }: Work,
  invocation: InvocationContext,
  job: JobFunction,
): Promise<JobReport> {
  const progress = request.run ?? newRun(runtime);
  const budget = budgetOf(runtime, invocation, progress, timeoutSeconds);
  const context = { runtime, request, runId: progress.runId, leg: progress.leg, budget };
  const result = await guarded(runtime, context, job);
  const report = createReport(
    runtime,
    request,
    progress,
    limitLegs(runtime, result, progress, timeoutSeconds),
  );
  if (request.dryRun !== true) await publish(runtime, report, request, progress);
  return report;
}

/**
 * Returns the report, or throws for a failed run: the platform counts it then as an error, too.
 * Nothing is retried by that; the schedule is the retry.
 */
export function throwIfFailed(report: JobReport): JobReport {
  if (report.state !== 'failed') return report;
  const { code = 'failed', message = 'the run failed' } = report.reason ?? {};
  throw new WorkspaceSyncError(message, { code, retryable: false });
}

function newRun(runtime: Runtime): RunProgress {
  const startedAt = isoTime(runtime.clock.now());
  return {
    runId: `${startedAt.replace(/[-:]|\.\d+/g, '')}-${randomBytes(4).toString('hex')}`,
    leg: 1,
    startedAt,
    legsWithoutProgress: 0,
    totals: noTotals,
  };
}

function budgetOf(
  { clock, env }: Runtime,
  invocation: InvocationContext,
  progress: RunProgress,
  timeoutSeconds: number | undefined,
): TimeBudget {
  const leg = env[environment.legSeconds];
  return createTimeBudget({
    clock,
    contextRemainingMs: invocation.getRemainingTimeInMillis(),
    functionTimeoutMs: Number(required(env, environment.functionTimeoutSeconds)) * 1_000,
    ...(leg === undefined ? {} : { legMs: Number(leg) * 1_000 }),
    ...(timeoutSeconds === undefined
      ? {}
      : { runDeadline: epochOf(progress.startedAt) + timeoutSeconds * 1_000 }),
  });
}

async function guarded(
  runtime: Runtime,
  context: RunContext,
  job: JobFunction,
): Promise<JobResult> {
  try {
    return await job(context);
  } catch (error) {
    const fields = { agent: context.request.agent, job: context.request.job, runId: context.runId };
    runtime.log.error('the run failed', { ...fields, error });
    return { state: 'failed', reason: reasonOf(error) };
  }
}

/** What a person is told of an error. */
export function reasonOf(error: unknown): RunReason {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof WorkspaceSyncError) return { code: error.code, message };
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected';
  return { code, message };
}

/** A run that may not go on for ever: its timeout, and legs that finish nothing. */
function limitLegs(
  { clock }: Runtime,
  result: JobResult,
  progress: RunProgress,
  timeoutSeconds: number | undefined,
): JobResult {
  if (result.state !== 'continued') return result;
  const elapsed = (clock.now() - epochOf(progress.startedAt)) / 1_000;
  if (timeoutSeconds !== undefined && elapsed >= timeoutSeconds) {
    const message =
      `The run did not end within sync.timeout, ${timeoutSeconds} s over ${progress.leg} legs. ` +
      'What was finished stays finished. Raise sync.timeout, or let the next run go on.';
    return { ...result, state: 'failed', reason: { code: 'timeout', message } };
  }
  if (!madeProgress(result) && progress.legsWithoutProgress + 1 >= maxLegsWithoutProgress) {
    const message =
      `${maxLegsWithoutProgress} legs in a row finished no file. Is one file too large to be ` +
      'carried in the time of one leg, or the provider too slow?';
    return { ...result, state: 'failed', reason: { code: 'no-progress', message } };
  }
  return result;
}

function madeProgress(result: JobResult): boolean {
  return (result.filesSent ?? 0) + (result.filesDeleted ?? 0) + (result.filesDelivered ?? 0) > 0;
}

function createReport(
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

async function publish(
  runtime: Runtime,
  report: JobReport,
  request: JobRequest,
  progress: RunProgress,
): Promise<void> {
  writeMetrics(runtime, report);
  runtime.log.info(`${report.job} ${report.state}`, { report: shortened(report) });
  if (report.state === 'continued') {
    await askForNextLeg(runtime, report, request, progress);
    return;
  }
  // A drain that found nothing is not history: it is the sweep's ordinary answer.
  if (isIdleDrain(report)) return;
  await Promise.all([
    remember(runtime, report),
    putEvent(runtime, `${titled(report.job)} ${eventOf[report.state]}`, shortened(report)),
  ]);
}

function isIdleDrain({
  job,
  state,
  filesDelivered,
  filesQuarantined,
  skippedFiles,
}: JobReport): boolean {
  const nothing = filesDelivered + filesQuarantined + skippedFiles === 0;
  return job === 'drain' && nothing && (state === 'succeeded' || state === 'skipped');
}

const metricOf: Record<Exclude<RunState, 'continued'>, string> = {
  succeeded: metrics.succeeded,
  partial: metrics.partial,
  blocked: metrics.blocked,
  skipped: metrics.skipped,
  failed: metrics.failed,
};

const eventOf: Record<Exclude<RunState, 'continued'>, string> = {
  succeeded: eventTypes.completed,
  partial: eventTypes.partial,
  blocked: eventTypes.blocked,
  skipped: eventTypes.skipped,
  failed: eventTypes.failed,
};

function writeMetrics({ emit }: Runtime, report: JobReport): void {
  const dimensions = { Agent: report.agent, Job: report.job };
  if (report.state !== 'continued') {
    emit(metricOf[report.state], 1, dimensions);
    emit(metrics.duration, report.durationMs, dimensions, 'Milliseconds');
  }
  if (report.filesSent > 0) emit(metrics.filesSent, report.filesSent, dimensions);
  if (report.filesDelivered > 0) emit(metrics.filesDelivered, report.filesDelivered, dimensions);
  if (report.filesQuarantined > 0)
    emit(metrics.filesQuarantined, report.filesQuarantined, dimensions);
}

/** An event may have 256 KB: a few names explain, the rest is in the history. */
function shortened(report: JobReport): JobReport {
  const names = 50;
  const { plan, ...rest } = report;
  return {
    ...rest,
    skipped: report.skipped.slice(0, names),
    delivered: report.delivered.slice(0, names),
    ...(plan
      ? {
          plan: {
            copy: plan.copy.slice(0, names),
            update: plan.update.slice(0, names),
            delete: plan.delete.slice(0, names),
            deliver: plan.deliver.slice(0, names),
            totals: plan.totals,
          },
        }
      : {}),
  };
}

async function askForNextLeg(
  runtime: Runtime,
  report: JobReport,
  request: JobRequest,
  progress: RunProgress,
): Promise<void> {
  const {
    filesSent,
    bytesSent,
    filesDeleted,
    filesDelivered,
    bytesDelivered,
    filesQuarantined,
    apiRetries,
  } = report;
  const totals = {
    filesSent,
    bytesSent,
    filesDeleted,
    filesDelivered,
    bytesDelivered,
    filesQuarantined,
    apiRetries,
  };
  const progressed = JSON.stringify(totals) !== JSON.stringify(progress.totals);
  const run: RunProgress = {
    ...progress,
    leg: progress.leg + 1,
    legsWithoutProgress: progressed ? 0 : progress.legsWithoutProgress + 1,
    totals,
  };
  await putEvent(runtime, eventTypes.continuation, {
    ...request,
    trigger: 'continuation',
    run,
  } satisfies JobRequest);
}

/** Puts one event of ours on the deployment's bus. */
export async function putEvent(runtime: Runtime, type: string, detail: object): Promise<void> {
  const answer = await runtime.events.send(
    new PutEventsCommand({
      Entries: [
        {
          EventBusName: required(runtime.env, environment.eventBus),
          Source: eventSources.own,
          DetailType: type,
          Detail: JSON.stringify(detail),
        },
      ],
    }),
  );
  if ((answer.FailedEntryCount ?? 0) > 0) {
    throw new WorkspaceSyncError(
      `The event "${type}" was not accepted: ${answer.Entries?.[0]?.ErrorMessage ?? 'no reason given'}.`,
      { code: 'event-refused', retryable: true },
    );
  }
}

function titled(job: string): string {
  return job.charAt(0).toUpperCase() + job.slice(1);
}

const statusSchema = z.object({
  version: z.literal(1),
  /** Runs that ended, and those among them that failed. */
  runs: z.int(),
  errors: z.int(),
  lastSuccessAt: z.string().exactOptional(),
  lastState: z.enum(runStates),
  lastRunId: z.string(),
  lastFinishedAt: z.string(),
  lastReason: z.object({ code: z.string(), message: z.string() }).exactOptional(),
});

/** What is remembered of a job of an agent between runs. */
export type JobStatus = z.infer<typeof statusSchema>;

/** How often the status is written again when another run's report comes between. */
const statusAttempts = 5;

async function remember(runtime: Runtime, report: JobReport): Promise<void> {
  const day = report.startedAt.slice(0, 10);
  const historyKey = stateKeys.history(report.agent, day, `${report.runId}-${report.job}`);
  await runtime.store.put(historyKey, JSON.stringify(report));
  if (report.state === 'skipped') return;
  const key = stateKeys.status(report.agent, report.job);
  for (let attempt = 0; attempt < statusAttempts; attempt++) {
    const current = await readJson(runtime.store, key, statusSchema);
    const next = nextStatus(current?.value, report);
    const condition = current ? { ifMatch: current.etag } : ({ ifAbsent: true } as const);
    if ((await runtime.store.put(key, JSON.stringify(next), condition)).written) return;
  }
  runtime.log.warn('the status could not be written: other runs ended at the same time', { key });
}

function nextStatus(before: JobStatus | undefined, report: JobReport): JobStatus {
  const succeeded = report.state === 'succeeded' || report.state === 'partial';
  const lastSuccessAt = succeeded ? report.finishedAt : before?.lastSuccessAt;
  return {
    version: 1,
    runs: (before?.runs ?? 0) + 1,
    errors: (before?.errors ?? 0) + (succeeded ? 0 : 1),
    ...(lastSuccessAt === undefined ? {} : { lastSuccessAt }),
    lastState: report.state,
    lastRunId: report.runId,
    lastFinishedAt: report.finishedAt,
    ...(report.reason ? { lastReason: report.reason } : {}),
  };
}
