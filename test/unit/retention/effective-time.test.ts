import { describe, expect, it } from 'vitest';
import { effectiveTime } from '../../../functions/shared/retention/effective-time.ts';
import { dayMs, now } from './given.ts';

const minuteMs = 60_000;
const before = now - dayMs;
const future = Date.parse('2099-01-01T00:00:00Z');

describe('the effective time of a snapshot', () => {
  it.each([
    ['its own, which is the earlier', [before, now], before, 'created'],
    ['its own, where both are the same', [before, before], before, 'created'],
    ['the storage’s, which is the earlier', [now, before], before, 'stored'],
    [
      'the storage’s, but future, where its own is in the future',
      [future, before],
      before,
      'future',
    ],
    ['its own, where the storage’s is in the future', [before, future], before, 'created'],
    ['its own, where the storage keeps none', [before, NaN], before, 'created'],
    ['the storage’s, where its own is unknown', [NaN, before], before, 'stored'],
    ['the storage’s, where its own is before 1970', [-1, before], before, 'stored'],
    ['its own, ten minutes ahead', [now + 10 * minuteMs, future], now + 10 * minuteMs, 'created'],
    ['now, at first sight of one further ahead', [now + 11 * minuteMs, future], now, 'future'],
    ['now, where neither is known', [NaN, Infinity], now, 'future'],
  ] as const)('is %s', (_, [created, stored], time, dated) => {
    expect(effectiveTime({ created, stored }, now)).toEqual({ time, dated });
  });

  it.each([
    ['when it was first seen', before, before, 'first-seen'],
    ['now, where even that is in the future', future, now, 'future'],
    ['never later than now', now + minuteMs, now, 'first-seen'],
  ] as const)('is, of one dated in the future, %s', (_, firstSeen, time, dated) => {
    const answer = effectiveTime({ created: future, stored: future, firstSeen }, now);

    expect(answer).toEqual({ time, dated });
  });

  it('does not mind when it was first seen where its dates can be believed', () => {
    const answer = effectiveTime({ created: before, stored: now, firstSeen: before - dayMs }, now);

    expect(answer).toEqual({ time: before, dated: 'created' });
  });
});
