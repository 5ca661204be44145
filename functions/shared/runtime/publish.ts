import {
  changes,
  eventTypes,
  metrics,
  type JobReport,
  type JobRequest,
  type RunPlan,
  type RunProgress,
  type RunState,
  type RunTotals,
} from '../contract/index.ts';
import { putEvent } from './events.ts';
import type { Runtime } from './runtime.ts';
import { madeProgress, totalsOf } from './report.ts';
import { keep, remember } from './status.ts';

/** What a report is published with. */
export interface Occasion {
  request: JobRequest;
  progress: RunProgress;
  /** Called as soon as the history has the report. */
  kept: () => Promise<void>;
  /** The request was at fault: who asked is answered, and the job is not said to be ill. */
  rejected?: true | undefined;
}

/**
 * Makes a report known: metrics and log, then history, status and an event; or, for a run that goes
 * on, the request for its next leg.
 */
export async function publish(
  runtime: Runtime,
  report: JobReport,
  { request, progress, kept, rejected }: Occasion,
): Promise<void> {
  if (rejected) {
    runtime.log.warn(`a request for ${report.job} was rejected`, { report: shortened(report) });
    await keep(runtime, report, kept);
    return;
  }
  writeMetrics(runtime, report, progress.totals);
  runtime.log.info(`${report.job} ${report.state}`, { report: shortened(report) });
  if (report.state === 'continued') {
    await askForNextLeg(runtime, report, request, progress);
    return;
  }
  // A drain that found nothing is not history: it is the sweep's ordinary answer.
  if (isIdleDrain(report, request)) return;
  const event = `${titled(report.job)} ${eventOf[report.state]}`;
  // Whoever hears the event looks into the status next, and has to find the run there.
  await remember(runtime, report, kept).finally(() => putEvent(runtime, event, shortened(report)));
}

/** Who gave the run its id waits for its report, also where nothing was there. */
function isIdleDrain(
  { job, state, filesDelivered, filesQuarantined, skippedFiles }: JobReport,
  { runId }: JobRequest,
): boolean {
  const nothing = filesDelivered + filesQuarantined + skippedFiles === 0;
  if (job !== 'drain' || !nothing) return false;
  return state === 'skipped' || (state === 'succeeded' && runId === undefined);
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

/** Why a partial run is no success: nothing gets better before somebody does something. */
const standstills = new Set(['quota-full', 'reconnect', 'permission', 'network', 'rate-limited']);

/** Counters of earlier legs have been emitted by them: only what this leg has added counts. */
function writeMetrics({ emit }: Runtime, report: JobReport, before: RunTotals): void {
  const dimensions = { Agent: report.agent, Job: report.job };
  if (report.state !== 'continued') {
    emit(metricOf[report.state], 1, dimensions);
    // One file that can never be handled must not look like a job that has fallen silent; a full
    // account or a provider that is away must.
    if (report.state === 'partial' && !standstills.has(report.reason?.code ?? '')) {
      emit(metrics.succeeded, 1, dimensions);
    }
    emit(metrics.duration, report.durationMs, dimensions, 'Milliseconds');
  }
  const counters = [
    [metrics.filesSent, report.filesSent - before.filesSent],
    [metrics.filesDelivered, report.filesDelivered - before.filesDelivered],
    [metrics.filesQuarantined, report.filesQuarantined - before.filesQuarantined],
  ] as const;
  for (const [name, added] of counters) if (added > 0) emit(name, added, dimensions);
}

/** An event may have 256 KB. */
const maxEventBytes = 200 * 1024;

/** A few names explain; the rest is in the history. Long names make it fewer. */
function shortened(report: JobReport, names = 50): JobReport {
  const { plan, retention, snapshots, ...rest } = report;
  const short: JobReport = {
    ...rest,
    skipped: report.skipped.slice(0, names),
    delivered: report.delivered.slice(0, names),
    warnings: report.warnings.slice(0, names),
    ...(plan ? { plan: shortPlan(plan, names) } : {}),
    ...(retention ? { retention: retention.slice(0, names) } : {}),
    ...(snapshots ? { snapshots: snapshots.slice(0, names) } : {}),
  };
  delete short.planText;
  const fits = names === 0 || Buffer.byteLength(JSON.stringify(short)) <= maxEventBytes;
  return fits ? short : shortened(report, Math.floor(names / 2));
}

function shortPlan(plan: RunPlan, names: number): RunPlan {
  const lists = changes.map((change) => [change, plan[change].slice(0, names)]);
  return { ...plan, ...Object.fromEntries(lists) } as RunPlan;
}

async function askForNextLeg(
  runtime: Runtime,
  report: JobReport,
  request: JobRequest,
  progress: RunProgress,
): Promise<void> {
  const totals = totalsOf(report);
  const progressed = madeProgress(progress.totals, totals);
  const run: RunProgress = {
    ...progress,
    leg: progress.leg + 1,
    legsWithoutProgress: progressed ? 0 : progress.legsWithoutProgress + 1,
    totals,
    ...(report.usage ? { usage: report.usage } : {}),
  };
  await putEvent(runtime, eventTypes.continuation, {
    ...request,
    trigger: 'continuation',
    run,
  } satisfies JobRequest);
}

function titled(job: string): string {
  return job.charAt(0).toUpperCase() + job.slice(1);
}
