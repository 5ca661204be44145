import * as z from 'zod';
import { runStates, type JobReport } from '../contract/index.ts';
import { monthUsageSchema, withRun } from '../cost/month.ts';
import { amountOf, totalsOf } from './report.ts';

const count = z.number().nonnegative();

const snapshotSchema = z.object({
  id: z.string(),
  format: z.enum(['workspace-sync', 'plugin']),
  createdAt: z.string(),
  files: count.exactOptional(),
  bytes: count.exactOptional(),
  storedBytes: count,
  encrypted: z.boolean(),
  missing: z.array(z.string()).exactOptional(),
  databasesInUse: count.exactOptional(),
  verified: z.object({ at: z.string(), passed: z.boolean(), percent: z.number() }).exactOptional(),
  anomalies: z.array(z.string()).exactOptional(),
});

const tokenSchema = z.object({
  scope: z.string(),
  reference: z.string(),
  expiresAt: z.string().exactOptional(),
  seenAt: z.string(),
});

/** What earlier releases wrote has the first seven alone. */
export const statusSchema = z.object({
  version: z.literal(1),
  /** Runs that ended, and those among them that failed. */
  runs: z.int(),
  errors: z.int(),
  lastSuccessAt: z.string().exactOptional(),
  lastState: z.enum(runStates),
  lastRunId: z.string(),
  lastFinishedAt: z.string(),
  lastReason: z.object({ code: z.string(), message: z.string() }).exactOptional(),
  lastStartedAt: z.string().exactOptional(),
  /** Of the last run. */
  files: count.exactOptional(),
  bytes: count.exactOptional(),
  skippedFiles: count.exactOptional(),
  conflicts: count.exactOptional(),
  /** When the schedule last started a run. */
  lastScheduledAt: z.string().exactOptional(),
  /** When a run last succeeded with nothing left out. */
  lastWholeAt: z.string().exactOptional(),
  /** sync: start of the last run that left the cloud folder with all of the workspace. */
  lastPushedAt: z.string().exactOptional(),
  /** sync: the last run that did so but for some files. */
  lastPartialPush: z.object({ at: z.string(), skippedFiles: count }).exactOptional(),
  /** The newest snapshot that misses no file. */
  snapshot: snapshotSchema.exactOptional(),
  /** The newest snapshot that passed a verification. */
  verifiedSnapshot: snapshotSchema.exactOptional(),
  tokens: z.array(tokenSchema).exactOptional(),
  /** What the runs of a month have used: of the month in which the last one ended. */
  usage: monthUsageSchema.exactOptional(),
});

/** What is remembered of a job of an agent between runs. */
export type JobStatus = z.infer<typeof statusSchema>;

/** What is remembered after a run that has ended. */
export function nextStatus(before: JobStatus | undefined, report: JobReport): JobStatus {
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
    conflicts: report.conflicts,
    ...(report.trigger === 'schedule' ? { lastScheduledAt: report.startedAt } : {}),
    ...(report.state === 'succeeded' ? { lastWholeAt: report.finishedAt } : {}),
    ...pushedBy(report),
    ...snapshotsOf(before, report),
    ...(report.usage ? { usage: withRun(before?.usage, report) } : {}),
    ...(report.tokens ? { tokens: merged(before?.tokens ?? [], report.tokens) } : {}),
  };
}

function pushedBy({ pushed, startedAt, skippedFiles }: JobReport): Partial<JobStatus> {
  if (pushed === 'all') return { lastPushedAt: startedAt };
  return pushed === 'some' ? { lastPartialPush: { at: startedAt, skippedFiles } } : {};
}

function snapshotsOf(
  before: JobStatus | undefined,
  { job, state, snapshot }: JobReport,
): Partial<JobStatus> {
  if (!snapshot) return {};
  if (job === 'backup' && state === 'succeeded') return { snapshot };
  if (job !== 'verify' || snapshot.verified?.passed !== true) return {};
  const known = before?.verifiedSnapshot;
  return known && known.createdAt > snapshot.createdAt ? {} : { verifiedSnapshot: snapshot };
}

type Tokens = NonNullable<JobStatus['tokens']>;

function merged(before: Tokens, seen: Tokens): Tokens {
  const key = ({ scope, reference }: Tokens[number]): string => `${scope}/${reference}`;
  return [...new Map([...before, ...seen].map((token) => [key(token), token])).values()];
}
