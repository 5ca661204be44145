import { isDated, type EffectiveTime } from './effective-time.ts';
import { keepsNothing, type Policy } from './policy.ts';
import { applyRules, type Verdict } from './rules.ts';

/** A snapshot that may be removed; its time is that of `effectiveTime`. */
export interface Candidate extends EffectiveTime {
  /** Different for every snapshot. */
  id: string;
  /** How its last verification ended; absent where it has never been verified. */
  verification?: 'passed' | 'failed' | undefined;
  /** When a verification found it bad for the first time, milliseconds since the epoch. */
  failedAt?: number | undefined;
}

/** What becomes of a snapshot, and why: each reason is a fragment of a sentence. */
export interface Decision {
  id: string;
  keep: boolean;
  reasons: string[];
}

/** Days for which a snapshot that cannot be relied on is kept, for somebody to look at. */
export const evidenceDays = 7;
const dayMs = 86_400_000;

/**
 * Which snapshots a policy keeps and which it removes, from the newest to the oldest. It looks at
 * nothing but what it is given; the order of the candidates does not matter, and of two with the
 * same time the one with the greater id counts as the newer.
 *
 * Slots are filled by restic's rules (see `applyRules`), in the calendar of `timeZone`, by what can
 * be relied on: snapshots that no verification has found bad, with a time that is not in the
 * future. Beyond those rules:
 *
 * - A policy that keeps nothing removes nothing.
 * - The newest snapshot that passed a verification stays, and the newest that did not fail one.
 * - A snapshot that failed its verification, or is dated in the future, fills no slot. It stays
 *   while nothing newer can be relied on, and in any case until it is seven days old, as evidence;
 *   the days count from when it was found to be bad, or was first seen.
 * - A snapshot whose time is not known stays.
 *
 * So no snapshot dated in the future changes what becomes of others, however many there are: an
 * intruder who writes a thousand dated 2099 adds what goes once it is a week old and a good one newer.
 * What cannot be told apart here are forgeries with dates that could be true. Whoever may write to
 * the storage can date snapshots now, or just after a good one of a past day, and so take slots
 * until a verification finds them bad; of the good ones only the newest verified is safe from that.
 * Against it help a verification before anything is removed, and a storage that does not give up
 * what it has: Object Lock, or versions.
 * @throws RangeError for a time zone that does not exist.
 * @throws RetentionPolicyError for a policy with a value that means nothing.
 */
export function selectSnapshots(
  candidates: readonly Candidate[],
  policy: Policy,
  { now, timeZone = 'UTC' }: { now: number; timeZone?: string | undefined },
): Decision[] {
  const newestFirst = candidates.toSorted(byAge);
  if (keepsNothing(policy)) {
    return newestFirst.map(({ id }) => keep(id, ['the policy keeps nothing, so all are kept']));
  }
  const reliable = newestFirst.filter((each) => isGood(each) && isDated(each, now));
  const times = reliable.map(({ time }) => time);
  const verdicts = applyRules(times, policy, timeZone);
  const byRules = new Map(reliable.map((each, index) => [each, verdicts[index] ?? []]));
  const guards = guardedBy(newestFirst, reliable);
  return newestFirst.map((each) => {
    const all = byRules.get(each) ?? [unreliable(each, reliable[0], now)];
    const kept = all.filter((verdict) => verdict.keep).map(({ reason }) => reason);
    const reasons = [...kept, ...(guards.get(each) ?? [])];
    if (reasons.length > 0) return keep(each.id, reasons);
    return { id: each.id, keep: false, reasons: all.map(({ reason }) => reason) };
  });
}

function keep(id: string, reasons: string[]): Decision {
  return { id, keep: true, reasons };
}

function isGood({ verification }: Candidate): boolean {
  return verification !== 'failed';
}

/** Newest first, and before those whatever has no usable time. */
function byAge(one: Candidate, other: Candidate): number {
  const [a, b] = [one, other].map(({ time }) => (time >= 0 ? time : Infinity));
  if (a !== b) return Number(b) - Number(a);
  return one.id < other.id ? 1 : -1;
}

/** Those that stay whatever the rules say. */
function guardedBy(newestFirst: Candidate[], reliable: Candidate[]): Map<Candidate, string[]> {
  const hasPassed = ({ verification }: Candidate): boolean => verification === 'passed';
  const guards = new Map<Candidate, string[]>();
  // Both, as one that is dated in the future may be an old one under another name.
  for (const verified of [newestFirst.find(hasPassed), reliable.find(hasPassed)]) {
    if (verified) guards.set(verified, ['newest verified snapshot']);
  }
  const [newest] = reliable;
  if (newest) guards.set(newest, [...(guards.get(newest) ?? []), 'newest good snapshot']);
  return guards;
}

/** What becomes of a snapshot that fills no slot. */
function unreliable(snapshot: Candidate, newest: Candidate | undefined, now: number): Verdict {
  const { time, failedAt = time } = snapshot;
  if (!(time >= 0)) return { keep: true, reason: 'its time is not known' };
  const fault = isGood(snapshot) ? 'dated in the future' : 'failed its verification';
  if (!newest || byAge(snapshot, newest) < 0) {
    return { keep: true, reason: `${fault}, but no newer one can be relied on` };
  }
  const since = failedAt <= now ? Math.max(time, failedAt) : time;
  return now - since <= evidenceDays * dayMs
    ? { keep: true, reason: `${fault}: evidence for ${evidenceDays} days` }
    : { keep: false, reason: `${fault}, more than ${evidenceDays} days ago` };
}
