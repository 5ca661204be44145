import { goodSnapshot } from '../runtime/job-status.ts';
import type { AgentRecords } from './records.ts';

/**
 * Since when nothing newer is known to be good: when the newest snapshot was made that was read back
 * and found so. Where there is none, or only one that was found damaged since, it is when the first
 * was made: by the newest, which is always young, nobody would ever notice. Absent where there has
 * never been a whole one.
 */
export function unverifiedSince({ jobs }: AgentRecords): string | undefined {
  const { backup, verify } = jobs;
  const good = verify?.status && goodSnapshot(verify.status);
  if (good) return good.createdAt;
  return backup?.status?.firstSnapshotAt ?? backup?.status?.snapshot?.createdAt;
}
