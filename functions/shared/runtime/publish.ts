import {
  eventTypes,
  metrics,
  type JobReport,
  type JobRequest,
  type RunProgress,
  type RunState,
} from '../contract/index.ts';
import { putEvent } from './events.ts';
import type { Runtime } from './runtime.ts';
import { remember } from './status.ts';

/**
 * Makes a report known: metrics and log, then history, status and an event; or, for a run that goes
 * on, the request for its next leg.
 */
export async function publish(
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
    // One file that can never be handled must not look like a job that has fallen silent.
    if (report.state === 'partial') emit(metrics.succeeded, 1, dimensions);
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

function titled(job: string): string {
  return job.charAt(0).toUpperCase() + job.slice(1);
}
