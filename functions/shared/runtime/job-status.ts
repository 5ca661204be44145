import * as z from 'zod';
import { isoTime } from '../clock.ts';
import { runStates, type JobReport } from '../contract/index.ts';
import { monthUsageSchema, withRun } from '../cost/month.ts';
import { timeOfId } from '../snapshot/names.ts';
import { isLate, withLate } from './late-report.ts';
import { amountOf, totalsOf } from './report.ts';

const count = z.number().nonnegative();
/** A record with a time that is none counts as unreadable: whoever reckons with it would be misled. */
const datetime = z.iso.datetime();

const snapshotSchema = z.object({
  id: z.string(),
  format: z.enum(['workspace-sync', 'plugin']),
  createdAt: datetime,
  files: count.exactOptional(),
  bytes: count.exactOptional(),
  storedBytes: count,
  encrypted: z.boolean(),
  missing: z.array(z.string()).exactOptional(),
  databasesInUse: count.exactOptional(),
  verified: z.object({ at: datetime, passed: z.boolean(), percent: z.number() }).exactOptional(),
  anomalies: z.array(z.string()).exactOptional(),
});

const damagedSchema = z.object({
  id: z.string(),
  createdAt: datetime,
  /** When a verification found it, which run, and what it said. */
  foundAt: datetime,
  runId: z.string(),
  message: z.string(),
});

/** A snapshot that a verification has found damaged. */
export type DamagedSnapshot = z.infer<typeof damagedSchema>;

/** Damaged snapshots that are remembered: the newest. */
const maxDamaged = 100;

const tokenSchema = z.object({
  scope: z.string(),
  reference: z.string(),
  expiresAt: datetime.exactOptional(),
  seenAt: datetime,
});

/** What earlier releases wrote has the first seven alone. */
export const statusSchema = z.object({
  version: z.literal(1),
  /** Runs that ended, and those among them that failed. */
  runs: z.int(),
  errors: z.int(),
  lastSuccessAt: datetime.exactOptional(),
  lastState: z.enum(runStates),
  lastRunId: z.string(),
  lastFinishedAt: datetime,
  lastReason: z.object({ code: z.string(), message: z.string() }).exactOptional(),
  lastStartedAt: datetime.exactOptional(),
  /** Of the last run. */
  files: count.exactOptional(),
  bytes: count.exactOptional(),
  skippedFiles: count.exactOptional(),
  filesDeleted: count.exactOptional(),
  conflicts: count.exactOptional(),
  /** When the schedule last started a run. */
  lastScheduledAt: datetime.exactOptional(),
  /** When a run last succeeded with nothing left out. */
  lastWholeAt: datetime.exactOptional(),
  /** sync: start of the last run that left the cloud folder with all of the workspace. */
  lastPushedAt: datetime.exactOptional(),
  /** What it copied where to, and how: see `pushTarget`. */
  lastPushedTo: z.string().exactOptional(),
  /** sync: the last run that did so but for some files. */
  lastPartialPush: z
    .object({ at: datetime, skippedFiles: count, to: z.string().exactOptional() })
    .exactOptional(),
  /** The newest snapshot that misses no file. */
  snapshot: snapshotSchema.exactOptional(),
  /** What it holds: see `backupScope`; and when the first that holds the same was made. */
  snapshotScope: z.object({ name: z.string(), since: datetime }).exactOptional(),
  /** When the first such snapshot was made, whatever it holds. */
  firstSnapshotAt: datetime.exactOptional(),
  /** The newest snapshot that passed a verification of all of it. */
  verifiedSnapshot: snapshotSchema.exactOptional(),
  /** Snapshots that failed one, and have not passed one in full since; newest first. */
  damagedSnapshots: z.array(damagedSchema).exactOptional(),
  tokens: z.array(tokenSchema).exactOptional(),
  /** What the runs of a month have used: of the month in which the last one ended. */
  usage: monthUsageSchema.exactOptional(),
});

/** What is remembered of a job of an agent between runs. */
export type JobStatus = z.infer<typeof statusSchema>;

/** What is remembered after a run that has ended, be it the last one or not. */
export function nextStatus(before: JobStatus | undefined, report: JobReport): JobStatus {
  const next = afterLast(before, report);
  return before && isLate(before, report) ? withLate(before, next) : next;
}

function afterLast(before: JobStatus | undefined, report: JobReport): JobStatus {
  const succeeded = report.state === 'succeeded' || report.state === 'partial';
  const kept: Partial<JobStatus> = { ...before };
  delete kept.lastReason;
  const { files, bytes } = amountOf(totalsOf(report));
  return {
    ...kept,
    version: 1,
    runs: (before?.runs ?? 0) + 1,
    errors: (before?.errors ?? 0) + (succeeded ? 0 : 1),
    ...(succeeded ? { lastSuccessAt: report.finishedAt } : {}),
    lastState: report.state,
    lastRunId: report.runId,
    lastFinishedAt: report.finishedAt,
    ...(report.reason ? { lastReason: report.reason } : {}),
    lastStartedAt: report.startedAt,
    files,
    bytes,
    skippedFiles: report.skippedFiles,
    filesDeleted: report.filesDeleted,
    conflicts: report.conflicts,
    ...(report.trigger === 'schedule' ? { lastScheduledAt: report.startedAt } : {}),
    ...(report.state === 'succeeded' ? { lastWholeAt: report.finishedAt } : {}),
    ...pushedBy(report),
    ...snapshotsOf(before, report),
    ...(report.usage ? { usage: withRun(before?.usage, report) } : {}),
    ...(report.tokens ? { tokens: merged(before?.tokens ?? [], report.tokens) } : {}),
  };
}

function pushedBy({ pushed, pushedTo, startedAt, skippedFiles }: JobReport): Partial<JobStatus> {
  if (!pushed || pushedTo === undefined) return {};
  return pushed === 'all'
    ? { lastPushedAt: startedAt, lastPushedTo: pushedTo }
    : { lastPartialPush: { at: startedAt, skippedFiles, to: pushedTo } };
}

function snapshotsOf(before: JobStatus | undefined, report: JobReport): Partial<JobStatus> {
  const { job, state, snapshot } = report;
  if (job === 'backup' && state === 'succeeded' && snapshot) {
    return takenBy(before, snapshot, report.snapshotScope);
  }
  if (job !== 'verify') return {};
  const known = before?.damagedSnapshots;
  const later = (known ?? []).filter(({ foundAt }) => foundAt > report.finishedAt);
  const found = damageIn(report).filter((one) => !later.some(({ id }) => id === one.id));
  const passed = passedInFull(before, report);
  if (found.length === 0 && !known) return passed;
  const ids = new Set(
    [...found, ...(hasPassedInFull(snapshot) ? [snapshot] : [])].map(({ id }) => id),
  );
  const others = (known ?? []).filter((one) => later.includes(one) || !ids.has(one.id));
  const all = [...found, ...others].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  return { ...passed, damagedSnapshots: all.slice(0, maxDamaged) };
}

function takenBy(
  before: JobStatus | undefined,
  snapshot: Snapshot,
  scope: string | undefined,
): Partial<JobStatus> {
  const { createdAt } = snapshot;
  const known = before?.snapshotScope;
  const since = known?.name === scope ? known?.since : undefined;
  return {
    snapshot,
    ...(scope === undefined ? {} : { snapshotScope: { name: scope, since: since ?? createdAt } }),
    firstSnapshotAt: before?.firstSnapshotAt ?? before?.snapshot?.createdAt ?? createdAt,
  };
}

function passedInFull(
  before: JobStatus | undefined,
  { snapshot }: JobReport,
): Pick<JobStatus, 'verifiedSnapshot'> {
  if (!hasPassedInFull(snapshot)) return {};
  const known = before && goodSnapshot(before);
  return known && known.createdAt > snapshot.createdAt ? {} : { verifiedSnapshot: snapshot };
}

/** A share that is good says nothing of the rest. */
function hasPassedInFull(snapshot: Snapshot | undefined): snapshot is Snapshot {
  return snapshot?.verified?.passed === true && snapshot.verified.percent >= 100;
}

type Snapshot = NonNullable<JobReport['snapshot']>;

/** What was read back and found bad, and what is not even whole. */
function damageIn(report: JobReport): DamagedSnapshot[] {
  const { snapshot, reason, damagedSnapshots = [], runId, finishedAt: foundAt } = report;
  const message = reason?.message ?? 'it is damaged.';
  return [
    ...(snapshot?.verified?.passed === false
      ? [{ id: snapshot.id, createdAt: snapshot.createdAt, foundAt, runId, message }]
      : []),
    ...damagedSnapshots.map(({ id, problem }) => {
      const createdAt = createdAtOf(id) ?? foundAt;
      return { id, createdAt, foundAt, runId, message: problem };
    }),
  ];
}

function createdAtOf(id: string): string | undefined {
  const time = timeOfId(id);
  return Number.isNaN(time) ? undefined : isoTime(time);
}

/** Damage that no newer snapshot that passed in full has made good. */
export function openDamage(verify: JobStatus): DamagedSnapshot[] {
  const good = goodSnapshot(verify);
  const { damagedSnapshots = [] } = verify;
  return damagedSnapshots.filter(({ createdAt }) => !good || createdAt > good.createdAt);
}

/** The newest snapshot that passed in full, unless it has been found damaged since. */
export function goodSnapshot(verify: JobStatus): Snapshot | undefined {
  const { verifiedSnapshot: good } = verify;
  return good && isDamaged(verify, good) ? undefined : good;
}

/** Whether a verification has found a snapshot damaged, and none of all of it has passed since. */
export function isDamaged({ damagedSnapshots }: JobStatus, { id }: Snapshot): boolean {
  return damagedSnapshots?.some((one) => one.id === id) === true;
}

type Tokens = NonNullable<JobStatus['tokens']>;

function merged(before: Tokens, seen: Tokens): Tokens {
  const key = ({ scope, reference }: Tokens[number]): string => `${scope}/${reference}`;
  const all = new Map(before.map((token) => [key(token), token]));
  for (const token of seen) {
    const known = all.get(key(token));
    if (!known || known.seenAt <= token.seenAt) all.set(key(token), token);
  }
  return [...all.values()];
}
