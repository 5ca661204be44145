import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveTime } from '../../../functions/shared/retention/effective-time.ts';
import { countedRules, type Policy } from '../../../functions/shared/retention/policy.ts';
import type { Candidate } from '../../../functions/shared/retention/select.ts';
import { dayMs, keptIds, now, selected } from './given.ts';

const oldest = now - 900 * dayMs;

/** Times that are often the same, an hour or a day apart, or anywhere. */
const times = fc.oneof(
  fc.integer({ min: 0, max: 9 }).map((days) => now - days * dayMs),
  fc.integer({ min: 0, max: 900 }).map((days) => now - days * dayMs),
  fc.integer({ min: 0, max: 100 }).map((hours) => now - (hours * dayMs) / 24),
  fc.integer({ min: oldest, max: now }),
);

const snapshots = fc.uniqueArray(
  fc.record({
    id: fc.string({ minLength: 1, maxLength: 3 }),
    time: times,
    dated: fc.constantFrom('created', 'created', 'stored', 'first-seen', 'future'),
    verification: fc.constantFrom(undefined, undefined, 'passed', 'failed'),
    failedAt: fc.option(times, { nil: undefined }),
  }),
  { selector: ({ id }) => id, maxLength: 60 },
) satisfies fc.Arbitrary<Candidate[]>;

const slots = fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined });
const within = fc.constantFrom(undefined, undefined, '30h', '2w', '1m3d', '1y');
const policies: fc.Arbitrary<Policy> = fc
  .record({
    last: slots,
    hourly: slots,
    daily: slots,
    weekly: slots,
    monthly: slots,
    yearly: slots,
    within,
  })
  .filter((policy) => Object.values(policy).some((value) => value !== undefined && value !== 0));

const timeZones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu');
const settings = timeZones.map((timeZone) => ({ now, timeZone }));

const isReliable = ({ dated, verification }: Candidate): boolean =>
  verification !== 'failed' && dated !== 'first-seen' && dated !== 'future';

function newest(candidates: Candidate[]): Candidate | undefined {
  return candidates.toSorted((a, b) => b.time - a.time || (a.id < b.id ? 1 : -1))[0];
}

describe('a selection', () => {
  it('never removes the newest verified and the newest good snapshot', () => {
    fc.assert(
      fc.property(snapshots, policies, settings, (candidates, policy, at) => {
        const kept = keptIds(candidates, policy, at);

        const guarded = [
          newest(candidates.filter(({ verification }) => verification === 'passed')),
          newest(candidates.filter(({ verification }) => verification !== 'failed')),
          newest(candidates.filter(isReliable)),
          newest(candidates.filter((each) => isReliable(each) && each.verification === 'passed')),
        ].flatMap((each) => each?.id ?? []);
        expect(kept).toEqual(expect.arrayContaining(guarded));
      }),
    );
  });

  it('decides about each snapshot once, with reasons', () => {
    fc.assert(
      fc.property(snapshots, policies, settings, (candidates, policy, at) => {
        const decisions = selected(candidates, policy, at);

        expect(new Set(decisions.keys())).toEqual(new Set(candidates.map(({ id }) => id)));
        for (const { reasons } of decisions.values()) {
          expect(reasons.length).toBeGreaterThan(0);
          expect(reasons).not.toContain('');
        }
      }),
    );
  });

  it('does not depend on the order in which snapshots are listed', () => {
    const shuffled = snapshots.chain((candidates) =>
      fc.tuple(
        fc.constant(candidates),
        fc.shuffledSubarray(candidates, { minLength: candidates.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, policies, settings, ([one, other], policy, at) => {
        expect([...selected(one, policy, at)]).toEqual([...selected(other, policy, at)]);
      }),
    );
  });

  it('removes nothing more where a rule keeps more', () => {
    const rules = fc.constantFrom(...countedRules);
    const more = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(snapshots, policies, settings, rules, more, (given, policy, at, rule, by) => {
        const raised = { ...policy, [rule]: (policy[rule] ?? 0) + by };

        expect(keptIds(given, raised, at)).toEqual(
          expect.arrayContaining(keptIds(given, policy, at)),
        );
      }),
    );
  });

  it('keeps no more than the rules have slots for, but for what it guards and evidence', () => {
    fc.assert(
      fc.property(snapshots, policies, settings, (candidates, policy, at) => {
        const counted = { ...policy, within: undefined, last: (policy.last ?? 0) + 1 };
        const room = countedRules.reduce((sum, rule) => sum + (counted[rule] ?? 0), 0);
        const kept = new Set(keptIds(candidates, counted, at));

        const reliable = candidates.filter((each) => isReliable(each) && kept.has(each.id));
        expect(reliable.length).toBeLessThanOrEqual(room + 1);
        expect(reliable.length).toBeGreaterThanOrEqual(
          Math.min(counted.last, candidates.filter(isReliable).length),
        );
      }),
    );
  });

  it('keeps everything that it kept before', () => {
    fc.assert(
      fc.property(snapshots, policies, settings, (candidates, policy, at) => {
        const kept = new Set(keptIds(candidates, policy, at));

        const left = candidates.filter(({ id }) => kept.has(id));

        expect(new Set(keptIds(left, policy, at))).toEqual(kept);
      }),
    );
  });
});

describe('a thousand snapshots dated in the future', () => {
  const future = Date.parse('2099-01-01T00:00:00Z');
  const forged = (dates: { stored: number; firstSeen?: number }): Candidate[] =>
    Array.from({ length: 1000 }, (_, index) => ({
      id: `forged ${index}`,
      ...effectiveTime({ created: future + index, ...dates }, now),
    }));

  it('change nothing for the others', () => {
    const dates = fc.oneof(
      times.map((stored) => ({ stored })),
      times.map((firstSeen) => ({ stored: future, firstSeen })),
      fc.constant({ stored: future }),
    );
    fc.assert(
      fc.property(snapshots, policies, dates, (candidates, policy, forgedDates) => {
        const alone = selected(candidates, policy);

        const beside = selected([...candidates, ...forged(forgedDates)], policy);

        expect(candidates.map(({ id }) => beside.get(id))).toEqual(
          candidates.map(({ id }) => alone.get(id)),
        );
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['the storage got them', (time: number) => ({ stored: time })],
    ['they were first seen', (time: number) => ({ stored: future, firstSeen: time })],
  ])('are gone a week after %s', (_, dates) => {
    const good = { id: 'good', time: now - dayMs, dated: 'created' } as const;
    const keptOf = (days: number): string[] =>
      keptIds([good, ...forged(dates(now - days * dayMs))], { last: 7 });

    expect(keptOf(6)).toHaveLength(1001);
    expect(keptOf(8)).toEqual(['good']);
  });
});
