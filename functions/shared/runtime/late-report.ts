import { epochOf } from '../clock.ts';
import type { JobReport } from '../contract/index.ts';
import type { JobStatus } from './job-status.ts';

/** How late a report may be written: longer than any function works. A clock that was wrong is no later run. */
const longestDelayMs = 3_600_000;

/** Whether a later run has been faster to write its report: a lease is given back before the status is written. */
export function isLate(before: JobStatus, { finishedAt }: Pick<JobReport, 'finishedAt'>): boolean {
  const behindMs = epochOf(before.lastFinishedAt) - epochOf(finishedAt);
  return behindMs > 0 && behindMs <= longestDelayMs;
}

/** What belongs together in a status, and the time that it is of. */
const facts: readonly {
  of: (status: JobStatus) => string | undefined;
  keys: readonly (keyof JobStatus)[];
}[] = [
  { of: ({ lastSuccessAt }) => lastSuccessAt, keys: ['lastSuccessAt'] },
  { of: ({ lastScheduledAt }) => lastScheduledAt, keys: ['lastScheduledAt'] },
  { of: ({ lastWholeAt }) => lastWholeAt, keys: ['lastWholeAt'] },
  { of: ({ lastPushedAt }) => lastPushedAt, keys: ['lastPushedAt', 'lastPushedTo'] },
  { of: ({ lastPartialPush }) => lastPartialPush?.at, keys: ['lastPartialPush'] },
  {
    of: ({ snapshot }) => snapshot?.createdAt,
    keys: ['snapshot', 'snapshotScope', 'firstSnapshotAt'],
  },
  { of: ({ usage }) => usage?.month, keys: ['usage'] },
];

/** What is kept of the older run whatever the later one has said: each entry has a time of its own. */
const merged = ['runs', 'errors', 'verifiedSnapshot', 'damagedSnapshots', 'tokens'] as const;

/**
 * A status with a report that was written late: it counts, and adds what is newer in it, but the last
 * run is still the one that ended last, and a month that is over does not come back.
 * @param next what the status would be if the report were of the last run
 */
export function withLate(before: JobStatus, next: JobStatus): JobStatus {
  const newer = facts
    .filter(({ of }) => (of(next) ?? '') >= (of(before) ?? ''))
    .flatMap(({ keys }) => keys);
  return { ...before, ...picked(next, [...merged, ...newer]) };
}

function picked(status: JobStatus, keys: readonly (keyof JobStatus)[]): Partial<JobStatus> {
  const wanted = new Set<string>(keys);
  return Object.fromEntries(Object.entries(status).filter(([key]) => wanted.has(key)));
}
