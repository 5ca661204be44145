/** How far another clock may be ahead of ours before a date counts as one in the future. */
export const clockToleranceMs = 10 * 60_000;

/**
 * Where the time of a snapshot is from: its own manifest (`created`), the storage (`stored`), or,
 * as both of those lie in the future, from when we saw it for the first time, which is now
 * (`future`) or was in an earlier run (`first-seen`).
 */
export type Dating = 'created' | 'stored' | 'first-seen' | 'future';

/** When a snapshot was made, as far as that can be believed; milliseconds since the epoch. */
export interface EffectiveTime {
  time: number;
  dated: Dating;
}

/**
 * The time by which retention judges a snapshot: the earlier of what its manifest says and when the
 * storage got it, as far as those are not in the future. Where both are, it is the time we first
 * saw the snapshot; the caller keeps that, from the first time that the answer is `future`.
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
    { time: stored, dated: 'stored' },
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

function isPast(time: number, now: number): boolean {
  return time >= 0 && time <= now + clockToleranceMs;
}

function byTime(one: EffectiveTime, other: EffectiveTime): number {
  return one.time - other.time;
}
