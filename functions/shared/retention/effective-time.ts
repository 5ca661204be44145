/** How far another clock may be ahead of ours before a date counts as one in the future. */
export const clockToleranceMs = 10 * 60_000;

/**
 * How a snapshot came by its time: `created` is its manifest's, `stored` the storage's. The other
 * two are of snapshots that are dated in the future: `first-seen` where an earlier run saw it first,
 * and `future` where it is the storage's time, or now as we see it for the first time.
 */
export type Dating = 'created' | 'stored' | 'first-seen' | 'future';

/** When a snapshot was made, as far as that can be believed; milliseconds since the epoch. */
export interface EffectiveTime {
  time: number;
  dated: Dating;
}

/**
 * The time by which retention judges a snapshot: the earlier of what its manifest says and when the
 * storage got it, as far as those are known and not in the future. Where neither is, it is the time
 * we first saw the snapshot; the caller keeps that, from the first time that the answer is `future`.
 *
 * A snapshot whose own date is in the future is dated so even where the storage's time is true: a
 * bucket has no other times, and a forgery would be as good as a snapshot of today. It ages by the
 * storage's time meanwhile.
 *
 * A time that is not known is `NaN`. `stored` has to be that where the storage does not keep times
 * but makes them up.
 */
export function effectiveTime(
  snapshot: { created: number; stored: number; firstSeen?: number | undefined },
  now: number,
): EffectiveTime {
  const { created, stored, firstSeen } = snapshot;
  const dates: EffectiveTime[] = [
    { time: created, dated: 'created' },
    { time: stored, dated: isFuture(created, now) ? 'future' : 'stored' },
  ];
  const [earliest] = dates.filter(({ time }) => isPast(time, now)).toSorted(byTime);
  if (earliest) return earliest;
  if (firstSeen === undefined || !isPast(firstSeen, now)) return { time: now, dated: 'future' };
  return { time: Math.min(firstSeen, now), dated: 'first-seen' };
}

/** Whether a snapshot's time is one that it could have been made at. */
export function isDated({ time, dated }: EffectiveTime, now: number): boolean {
  return dated !== 'first-seen' && dated !== 'future' && isPast(time, now);
}

function isFuture(time: number, now: number): boolean {
  return time > now + clockToleranceMs;
}

function isPast(time: number, now: number): boolean {
  return time >= 0 && !isFuture(time, now);
}

function byTime(one: EffectiveTime, other: EffectiveTime): number {
  return one.time - other.time;
}
