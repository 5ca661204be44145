import { epochOf } from '../clock.ts';
import type { AgentConfig } from '../config/index.ts';
import {
  hoursUntilBackupOverdue,
  hoursUntilSyncOverdue,
  oldestVerified,
} from '../config/patience.ts';
import {
  runbookAnchors,
  type DeadLetters,
  type Job,
  type RunState,
  type StatusProblem,
} from '../contract/index.ts';
import { clockToleranceMs } from '../retention/effective-time.ts';
import { goodSnapshot, openDamage, type JobStatus } from '../runtime/job-status.ts';
import { inWords, plural } from './duration.ts';
import type { AgentRecords } from './records.ts';
import { died } from './running.ts';
import { unverifiedSince } from './unverified-since.ts';

/** A heading of the runbook that no alarm points to. */
const headings = {
  partialSync: 'a-sync-is-partial',
  restoreFailed: 'a-restore-failed-or-was-blocked',
  newToken: 'a-new-token',
} as const;

/** Every anchor of the runbook that a problem may name. */
export const namedAnchors: readonly string[] = [
  ...Object.values(headings),
  ...Object.values(runbookAnchors),
];

/** Larger is worse. */
type Weighed = StatusProblem & { weight: number };

/** What deserves a look, worst first. Pure: what it says follows from the records alone. */
export function problemsOf(
  agent: AgentConfig,
  records: AgentRecords,
  now: number,
): StatusProblem[] {
  return [
    ...lastRuns(agent, records, now),
    ...overdue(agent, records, now),
    ...unverified(agent, records, now),
    ...damaged(agent, records),
    ...deaths(records, now),
    ...records.deadLetters.map(deadLetter),
    ...silentWebhook(agent, records),
    ...unreadable(records),
    ...paused(records),
  ]
    .sort((a, b) => b.weight - a.weight)
    .map(({ code, message, runbook }) => ({ code, message, ...(runbook ? { runbook } : {}) }));
}

const weights: Partial<Record<RunState, number>> = { failed: 90, blocked: 80, partial: 40 };

/** After so long nobody has to be told any more of something that was asked for by hand. */
const rememberedMs = 7 * 24 * 3600 * 1_000;

/** A person asked for what is not there: nothing is wrong with the deployment. */
const slips = new Set(['nothing-matches', 'snapshot-missing']);

function lastRuns(agent: AgentConfig, { jobs }: AgentRecords, now: number): Weighed[] {
  return (Object.keys(jobs) as Job[]).flatMap((job) => {
    const status = jobs[job]?.status;
    const weight = status && weights[status.lastState];
    if (!status || weight === undefined || isMoot(agent, job)) return [];
    const isPast = now - epochOf(status.lastFinishedAt) > rememberedMs;
    if (isPast && (job === 'restore' || job === 'drain')) return [];
    if (job === 'restore' && slips.has(status.lastReason?.code ?? '')) return [];
    return [{ ...lastRun(job, status), weight: job === 'prune' ? weight - 10 : weight }];
  });
}

/** Jobs that the configuration has switched off since fail no more. */
function isMoot({ sync, backup }: AgentConfig, job: Job): boolean {
  if (job === 'sync') return sync.provider === 'off';
  return !backup.enabled && (job === 'backup' || job === 'prune' || job === 'verify');
}

function lastRun(job: Job, status: JobStatus): StatusProblem {
  const { lastState, lastReason, skippedFiles = 0 } = status;
  const left = skippedFiles > 0 ? ` ${plural(skippedFiles, 'file')} left out.` : '';
  const what = `The last ${job} ${outcomes[lastState] ?? lastState}`;
  const runbook = headingOf(job, lastState);
  return {
    code: lastReason?.code ?? lastState,
    message: lastReason ? `${what}: ${lastReason.message}` : `${what}.${left}`,
    ...(runbook === undefined ? {} : { runbook }),
  };
}

const outcomes: Partial<Record<RunState, string>> = {
  failed: 'failed',
  blocked: 'was blocked',
  partial: 'did not do everything',
};

function headingOf(job: Job, state: RunState): string | undefined {
  switch (job) {
    case 'sync':
      if (state === 'partial') return headings.partialSync;
      return state === 'blocked' ? runbookAnchors.syncBlocked : runbookAnchors.syncFailed;
    case 'drain':
      return runbookAnchors.deadDrops;
    case 'backup':
      return runbookAnchors.backupFailed;
    case 'prune':
      return runbookAnchors.pruneBlocked;
    case 'verify':
      return runbookAnchors.verifyFailed;
    case 'restore':
      return headings.restoreFailed;
    case 'list':
      return undefined;
  }
}

/**
 * As patient as the alarms of silence, which cannot look back further than a week: this can. What has
 * never succeeded is told of without a schedule, too.
 */
function overdue(agent: AgentConfig, { jobs }: AgentRecords, now: number): Weighed[] {
  const { sync, backup } = agent;
  const { syncSilent, backupSilent } = runbookAnchors;
  return [
    ...(sync.provider === 'off'
      ? []
      : silence('sync', jobs.sync?.status, hoursUntilSyncOverdue(agent), syncSilent, now)),
    ...(backup.enabled
      ? silence('backup', jobs.backup?.status, hoursUntilBackupOverdue(agent), backupSilent, now)
      : []),
  ];
}

function silence(
  job: 'sync' | 'backup',
  status: JobStatus | undefined,
  hours: number | undefined,
  runbook: string,
  now: number,
): Weighed[] {
  if (status?.lastSuccessAt === undefined) {
    const message = `No ${job} has succeeded yet.`;
    return [{ code: 'no-success-yet', message, runbook, weight: status ? 85 : 50 }];
  }
  const seconds = (now - epochOf(status.lastSuccessAt)) / 1_000;
  if (seconds * 1_000 < -clockToleranceMs) {
    const message = `The last success of the ${job} is dated ahead, ${status.lastSuccessAt}: when it was, nobody can tell.`;
    return [{ code: 'overdue', message, runbook, weight: 85 }];
  }
  if (hours === undefined || seconds <= hours * 3600) return [];
  const message = `No ${job} has succeeded for ${inWords(seconds)}; the last did at ${status.lastSuccessAt}.`;
  return [{ code: 'overdue', message, runbook, weight: 85 }];
}

function unverified(agent: AgentConfig, records: AgentRecords, now: number): Weighed[] {
  const limit = oldestVerified(agent);
  const since = unverifiedSince(records);
  // With nothing to verify, that is what is wrong.
  if (limit === undefined || since === undefined) return [];
  const seconds = (now - epochOf(since)) / 1_000;
  if (seconds <= limit) return [];
  const verify = records.jobs.verify?.status;
  const good = verify && goodSnapshot(verify);
  const message = good
    ? `The newest snapshot that was read back and found good is ${inWords(seconds)} old: ${good.id}.`
    : `No snapshot is known to be good, ${inWords(seconds)} after the first was taken.`;
  return [{ code: 'unverified', message, runbook: runbookAnchors.verifiedTooOld, weight: 70 }];
}

/** The verification that found it may not be the last; the last one speaks for itself. */
function damaged({ backup }: AgentConfig, { jobs }: AgentRecords): Weighed[] {
  const status = jobs.verify?.status;
  if (!backup.enabled || !status) return [];
  const told = status.lastState === 'failed' ? status.lastRunId : undefined;
  return openDamage(status)
    .filter(({ runId }) => runId !== told)
    .map(({ id, foundAt, message }) => ({
      code: 'snapshot-damaged',
      message:
        `Snapshot ${id} did not pass its verification at ${foundAt}, and no newer one has passed in ` +
        `full since: ${message}`,
      runbook: runbookAnchors.verifyFailed,
      weight: 85,
    }));
}

/** Of one that a schedule should have followed up, its silence is told by then; others were asked for. */
function deaths({ jobs }: AgentRecords, now: number): Weighed[] {
  return (Object.keys(jobs) as Job[]).flatMap((job) => {
    const record = died(jobs[job] ?? {}, now);
    if (!record || now - epochOf(record.updatedAt) > rememberedMs) return [];
    const message =
      `The ${job} ${record.runId} has not been heard of since ${record.updatedAt}: it was killed, or ` +
      'its next leg did not start. The next run goes on from what it finished.';
    return [{ code: 'run-died', message, runbook: runbookAnchors.deadRequests, weight: 75 }];
  });
}

const queues: Record<DeadLetters['queue'], { what: string; runbook: string }> = {
  drops: { what: 'events of drops could not be handled', runbook: runbookAnchors.deadDrops },
  schedules: { what: 'scheduled runs could not be started', runbook: runbookAnchors.deadRequests },
  requests: {
    what: 'runs died or could not be started by an event',
    runbook: runbookAnchors.deadRequests,
  },
  notifications: {
    what: 'notifications could not be posted',
    runbook: runbookAnchors.deadNotifications,
  },
};

function deadLetter({ queue, messages }: DeadLetters): Weighed {
  const { what, runbook } = queues[queue];
  const message = `${plural(messages, 'dead letter')}, of any agent: ${what}.`;
  return { code: 'dead-letters', message, runbook, weight: 60 };
}

function unreadable({ unreadable: keys }: AgentRecords): Weighed[] {
  return keys.map((key) => ({
    code: 'unreadable',
    message: `${key} cannot be read: what it would say is missing here.`,
    runbook: runbookAnchors.syncFailed,
    weight: 65,
  }));
}

/** Long before its alarm: who looks at the status wants to know why nobody was woken. */
function silentWebhook(agent: AgentConfig, { webhook }: AgentRecords): Weighed[] {
  if (!agent.webhook || !webhook) return [];
  const { consecutiveFailures: failures, refused } = webhook;
  if (refused === undefined && failures === 0) return [];
  const what =
    refused === undefined
      ? `The agent could not be told of its drops: the webhook has not taken the last ${plural(failures, 'request')}.`
      : 'The agent is not told of its drops: the gateway refuses the token of the webhook.';
  const message = `${what} The files are in _inbox all the same. "workspace-sync doctor" says why.`;
  const runbook = runbookAnchors.webhookFailing;
  return [{ code: 'webhook-failing', message, runbook, weight: 60 }];
}

function paused({ paused: pause }: AgentRecords): Weighed[] {
  if (!pause) return [];
  const message =
    `Nothing but backups runs: the estimate of ${pause.month} is $${pause.used.toFixed(2)}, and the ` +
    `monthly cap is $${pause.cap.toFixed(2)}.`;
  return [{ code: 'paused', message, runbook: runbookAnchors.paused, weight: 95 }];
}
