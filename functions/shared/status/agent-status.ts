import { epochOf, isoTime } from '../clock.ts';
import type { AgentConfig } from '../config/index.ts';
import type {
  AgentStatus,
  Job,
  JobFacts,
  LastRun,
  SnapshotSummary,
  TokenFacts,
} from '../contract/index.ts';
import { goodSnapshot, type JobStatus } from '../runtime/job-status.ts';
import { nextRunAt } from './next-run.ts';
import { problemsOf } from './problems.ts';
import type { AgentRecords, JobRecords } from './records.ts';
import { recoveryPoint } from './recovery-point.ts';
import { atWork } from './running.ts';

/** Everything that the records say of an agent at a time. Pure. */
export function agentStatus(
  deployment: string,
  agent: AgentConfig,
  records: AgentRecords,
  now: number,
): AgentStatus {
  const { sync } = agent;
  const facts = listedJobs(agent, records).map((job) =>
    jobFacts(agent, job, records.jobs[job] ?? {}, now),
  );
  const synced = records.jobs.sync?.status;
  const lastSyncAt = lastInStep(synced);
  const problems = problemsOf(agent, records, now);
  const verified = lastVerified(records);
  return {
    version: 1,
    asOf: isoTime(now),
    deployment,
    agent: agent.name,
    provider: sync.provider,
    ...(sync.mode === undefined ? {} : { mode: sync.mode }),
    remotePath: sync.remotePath,
    localPath: sync.localPath,
    running: facts.some(({ running }) => running !== undefined),
    ...(lastSyncAt === undefined ? {} : { lastSyncAt }),
    syncCount: synced?.runs ?? 0,
    errorCount: synced?.errors ?? 0,
    healthy: problems.length === 0,
    problems,
    jobs: facts,
    recoveryPoint: recoveryPoint(agent, records, now),
    ...(verified ? { lastVerifiedSnapshot: verified } : {}),
    tokens: tokensOf(records),
    deadLetters: records.deadLetters,
    ...(records.paused ? { paused: records.paused } : {}),
  };
}

/** The newest snapshot that has passed a verification of all of it. */
function lastVerified({ jobs }: AgentRecords): SnapshotSummary | undefined {
  const verify = jobs.verify?.status;
  return verify && goodSnapshot(verify);
}

/** Jobs whose records are worth reading: what is switched on, and what somebody may ask for. */
export function jobsOf({ sync, backup }: AgentConfig): Job[] {
  const off = new Set<Job>();
  if (sync.provider === 'off') off.add('sync');
  if (!backup.enabled) for (const job of ['backup', 'prune', 'verify'] as const) off.add(job);
  return order.filter((job) => !off.has(job));
}

/** A restore is nobody's where there are no snapshots, unless there has been one. */
function listedJobs(agent: AgentConfig, { jobs }: AgentRecords): Job[] {
  const isListed = (job: Job): boolean =>
    job !== 'restore' || agent.backup.enabled || jobs.restore?.status !== undefined;
  return jobsOf(agent).filter(isListed);
}

const order: readonly Job[] = ['sync', 'drain', 'backup', 'verify', 'prune', 'restore'];

function jobFacts(agent: AgentConfig, job: Job, records: JobRecords, now: number): JobFacts {
  const { status } = records;
  const interval = intervalOf(agent, job);
  const running = atWork(records, now);
  const last = status?.lastScheduledAt;
  return {
    job,
    interval,
    ...(interval > 0 && last !== undefined ? { nextRunAt: nextRunAt(last, interval, now) } : {}),
    runs: status?.runs ?? 0,
    errors: status?.errors ?? 0,
    ...(status?.lastSuccessAt === undefined ? {} : { lastSuccessAt: status.lastSuccessAt }),
    ...(status ? { last: lastRun(status) } : {}),
    ...(running ? { running } : {}),
  };
}

function intervalOf({ sync, backup }: AgentConfig, job: Job): number {
  switch (job) {
    case 'sync':
      return sync.interval;
    case 'backup':
      return backup.interval;
    case 'verify':
      return backup.verifyInterval;
    case 'drain':
    case 'prune':
    case 'restore':
    case 'list':
      return 0;
  }
}

function lastRun(status: JobStatus): LastRun {
  const { lastRunId, lastState, lastReason, lastFinishedAt, lastStartedAt } = status;
  return {
    runId: lastRunId,
    state: lastState,
    ...(lastReason ? { reason: lastReason } : {}),
    startedAt: lastStartedAt ?? lastFinishedAt,
    finishedAt: lastFinishedAt,
    files: status.files ?? 0,
    bytes: status.bytes ?? 0,
    skippedFiles: status.skippedFiles ?? 0,
    ...(status.filesDeleted === undefined ? {} : { filesDeleted: status.filesDeleted }),
    conflicts: status.conflicts ?? 0,
  };
}

/** A partial run is no standing in step, which earlier releases did not write down apart. */
function lastInStep(status: JobStatus | undefined): string | undefined {
  if (!status || status.lastWholeAt !== undefined) return status?.lastWholeAt;
  return status.lastState === 'succeeded' ? status.lastFinishedAt : undefined;
}

function tokensOf({ jobs }: AgentRecords): TokenFacts[] {
  const seen = Object.values(jobs)
    .flatMap(({ status }) => status?.tokens ?? [])
    .sort((a, b) => epochOf(a.seenAt) - epochOf(b.seenAt));
  const newest = new Map(seen.map((token) => [`${token.scope}/${token.reference}`, token]));
  return [...newest.values()].sort((a, b) => (a.reference < b.reference ? -1 : 1));
}
