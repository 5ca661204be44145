import type { Policy } from '../../../functions/shared/retention/policy.ts';
import {
  selectSnapshots,
  type Candidate,
  type Decision,
} from '../../../functions/shared/retention/select.ts';

export const now = Date.parse('2026-11-22T12:00:00Z');
export const dayMs = 86_400_000;

/** A snapshot of that time, which is its id too. */
export function snapshotAt(time: number | string, more: Partial<Candidate> = {}): Candidate {
  const epoch = typeof time === 'number' ? time : Date.parse(time);
  return { id: new Date(epoch).toISOString(), time: epoch, dated: 'created', ...more };
}

/** A snapshot that many days old, `<days>d` by name. */
export function snapshotOfAge(days: number, more: Partial<Candidate> = {}): Candidate {
  return snapshotAt(now - days * dayMs, { id: `${days}d`, ...more });
}

/** What becomes of snapshots at `now`, by id. */
export function selected(
  snapshots: Candidate[],
  policy: Policy,
  at: { now: number; timeZone?: string } = { now },
): Map<string, Decision> {
  return new Map(selectSnapshots(snapshots, policy, at).map((each) => [each.id, each]));
}

/** The ids of those that stay, from the newest. */
export function keptIds(...given: Parameters<typeof selected>): string[] {
  return [...selected(...given).values()].filter(({ keep }) => keep).map(({ id }) => id);
}
