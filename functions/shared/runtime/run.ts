import { epochOf, isoTime } from '../clock.ts';
import {
  environment,
  type JobReport,
  type JobRequest,
  type RunProgress,
  type RunReason,
  type TokenFacts,
} from '../contract/index.ts';
import type { AgentConfig } from '../config/index.ts';
import { heldBack } from '../cost/budget.ts';
import { legUsage } from '../cost/leg-usage.ts';
import { requestsMade, requestsSince } from '../cost/request-meter.ts';
import { messageOf, WorkspaceSyncError } from '../errors.ts';
import { withLogFields } from '../telemetry.ts';
import { traced } from '../tracing.ts';
import { alreadyOver, isRepeated, settleLaterLeg } from './repeated.ts';
import { meterFor, quietMeter, type ProgressMeter, type RunningMeter } from './progress.ts';
import { publish, type Occasion } from './publish.ts';
import { amountOf, createReport, madeProgress, noTotals, type JobResult } from './report.ts';
import { newRunId } from './run-id.ts';
import { required, type Runtime } from './runtime.ts';
import { createTimeBudget, type TimeBudget } from './time-budget.ts';

/** What the wrapper gives to a job. */
export interface RunContext {
  runtime: Runtime;
  request: JobRequest;
  runId: string;
  leg: number;
  budget: TimeBudget;
  /** Where the job says how far it has come. */
  progress: ProgressMeter;
  /** Has the report say which token was used, and until when; never the token. */
  sawToken: (token: TokenFacts) => void;
  /** Whether a result leads to another leg: it is unfinished, and the run may go on. */
  goesOn: (result: JobResult) => boolean;
  /** Does something when the report is in the history, or will not be. Absent where none is kept. */
  onceKept?: (task: () => Promise<void>) => void;
}

/** What it takes to use remotes, for a run or for something shorter. */
export type LegContext = Pick<RunContext, 'runtime' | 'runId' | 'leg' | 'budget' | 'sawToken'>;

/** The little of Lambda's context that is used. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

export type JobFunction = (context: RunContext) => Promise<JobResult>;

/** What is to be done, and for how long at most over all legs. */
export interface Work {
  request: JobRequest;
  /** Whose places say what a leg has used. */
  agent?: AgentConfig;
  timeoutSeconds?: number;
  /** The key of the configuration that says so. */
  timeoutKey?: string;
  /** What becomes of a run that did not end in time, in a sentence. */
  afterTimeout?: string;
  /** It asks and does nothing: no history, no event, no metric. */
  isQuery?: boolean;
}

const goesOn = 'What was finished stays finished, and the next run goes on from there.';

/** Legs in a row without a finished file, after which a run gives up. */
const maxLegsWithoutProgress = 3;

/**
 * The one wrapper around every job: it gives the run its id and its time, turns whatever happens
 * into a report, publishes that once, and asks for the next leg where there is more to do.
 *
 * A fault becomes a failed report; nothing is thrown for it: the report has told everybody, and the
 * schedule is the retry.
 */
export async function runJob(
  runtime: Runtime,
  work: Work,
  invocation: InvocationContext,
  job: JobFunction,
): Promise<JobReport> {
  const { request } = work;
  const progress = request.run ?? newRun(runtime, request);
  const { runId, leg } = progress;
  const fields = { agent: request.agent, job: request.job, runId, leg };
  return withLogFields(fields, () => runLeg(runtime, work, progress, invocation, job));
}

async function runLeg(
  runtime: Runtime,
  work: Work,
  progress: RunProgress,
  invocation: InvocationContext,
  job: JobFunction,
): Promise<JobReport> {
  const { request } = work;
  const measured = measureFrom(runtime, work);
  const isQuery = request.dryRun === true || work.isQuery === true;
  const meter = isQuery ? quietMeter : meterOf(runtime, request, progress);
  const budget = budgetOf(runtime, invocation, progress, work.timeoutSeconds);
  const limited = (result: JobResult): JobResult => limitLegs(runtime, result, progress, work);
  const tasks: (() => Promise<void>)[] = [];
  const tokens = new Map<string, TokenFacts>();
  const context: RunContext = {
    runtime,
    request,
    runId: progress.runId,
    leg: progress.leg,
    budget,
    progress: meter,
    sawToken: (token) => tokens.set(`${token.scope}/${token.reference}`, token),
    goesOn: (unfinished) => limited(unfinished).state === 'continued',
    ...(isQuery ? {} : { onceKept: (task) => void tasks.push(task) }),
  };
  const traces = { agent: request.agent, job: request.job, runId: progress.runId };
  const result = await traced(runtime.env, traces, () =>
    guarded(runtime, context, isQuery ? job : settled(unlessReported(unlessPaused(job)))),
  );
  const ended = measured({ ...limited(result), tokens: [...tokens.values()] });
  const report = createReport(runtime, request, progress, ended);
  const kept = async (): Promise<void> => {
    for (const task of tasks.splice(0)) await task();
  };
  try {
    if (result.repeated) {
      await meter.stop();
      runtime.log.info('the run was asked for twice', { report });
    } else if (!isQuery) {
      const { rejected } = result;
      await tell(runtime, report, { request, progress, meter, kept, rejected });
    }
  } finally {
    await kept();
  }
  return report;
}

interface Telling extends Occasion {
  meter: RunningMeter;
}

async function tell(
  runtime: Runtime,
  report: JobReport,
  { meter, ...occasion }: Telling,
): Promise<void> {
  if (report.state === 'continued') await meter.end('between-legs');
  try {
    await publish(runtime, report, occasion);
  } finally {
    // Who follows the run looks for its report then: it is there.
    if (report.state !== 'continued') await meter.end('ended');
  }
}

function meterOf(
  runtime: Runtime,
  { job, agent, trigger }: JobRequest,
  progress: RunProgress,
): RunningMeter {
  const { runId, leg, startedAt, totals } = progress;
  const identity = { job, agent, runId, trigger: progress.trigger ?? trigger, leg, startedAt };
  return meterFor({ ...identity, before: amountOf(totals) }, runtime);
}

/** A later leg that has done nothing is told of only where its run ends with it. */
function settled(job: JobFunction): JobFunction {
  return async (context) => settleLaterLeg(context, await job(context));
}

/** A request may come twice: the id that it gives its run tells. */
function unlessReported(job: JobFunction): JobFunction {
  return async (context) => {
    return (await isRepeated(context)) ? alreadyOver(context.runId) : job(context);
  };
}

/** A run that has begun goes on: only the first leg asks. */
function unlessPaused(job: JobFunction): JobFunction {
  return async (context) => {
    const { runtime, request } = context;
    const reason = request.run
      ? undefined
      : await heldBack(runtime, request.job, runtime.clock.now());
    return reason ? { state: 'skipped', reason } : job(context);
  };
}

/** Begins to count; what it gives adds to a result what the leg has used until then. */
function measureFrom(
  { clock, env }: Runtime,
  { agent, request }: Work,
): (result: JobResult) => JobResult {
  if (!agent) return (result) => result;
  const startedAt = clock.now();
  const before = requestsMade();
  return (result) => {
    const requests = requestsSince(before);
    const milliseconds = clock.now() - startedAt;
    const memoryMb = Number(env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? 0);
    const isLast = result.state !== 'continued';
    const leg = { agent, request, done: result, milliseconds, memoryMb, requests, isLast };
    const usage = legUsage(leg);
    return { ...result, usage };
  };
}

function newRun(runtime: Runtime, { runId, trigger }: JobRequest): RunProgress {
  const now = runtime.clock.now();
  return {
    runId: runId ?? newRunId(now),
    trigger,
    leg: 1,
    startedAt: isoTime(now),
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
  const message = messageOf(error);
  if (error instanceof WorkspaceSyncError) return { code: error.code, message };
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected';
  return { code, message };
}

/** A run that may not go on for ever: its timeout, and legs that finish nothing. */
function limitLegs(
  { clock }: Runtime,
  result: JobResult,
  progress: RunProgress,
  { timeoutSeconds, timeoutKey = 'sync.timeout', afterTimeout = goesOn }: Work,
): JobResult {
  if (result.state !== 'continued') return result;
  const elapsed = (clock.now() - epochOf(progress.startedAt)) / 1_000;
  if (timeoutSeconds !== undefined && elapsed >= timeoutSeconds) {
    const message =
      `The run did not end within ${timeoutKey}, ${timeoutSeconds} s over ${progress.leg} legs. ` +
      `${afterTimeout} Raise ${timeoutKey} if that is too short.`;
    return { ...result, state: 'failed', reason: { code: 'timeout', message } };
  }
  if (!madeProgress({}, result) && progress.legsWithoutProgress + 1 >= maxLegsWithoutProgress) {
    const message =
      `${maxLegsWithoutProgress} legs in a row finished no file. ${result.unfinished ?? ''} Is one ` +
      'file too large to be carried in the time of one leg, or the provider too slow? Split it, ' +
      'leave it out, or copy it with rclone from a machine of your own.';
    return { ...result, state: 'failed', reason: { code: 'no-progress', message } };
  }
  return result;
}
