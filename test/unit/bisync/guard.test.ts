import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardDeletes, maxDeletePercent, shareOf } from '../../../functions/shared/bisync/guard.ts';

const limits = { maxDeletePercent: 10, maxDeleteFiles: 5, confirmDeletes: undefined };
const files = { workspace: 100, cloud: 100 };

describe('the limits', () => {
  it.each([
    [0, 0, false],
    [5, 0, false],
    [10, 0, false],
    [11, 0, true],
    [0, 11, true],
    [10, 10, false],
  ])('with %i deletes here and %i there, block: %s', (workspace, cloud, isBlocked) => {
    const reason = guardDeletes({ workspace, cloud }, files, limits);

    expect(reason?.code).toBe(isBlocked ? 'too-many-deletes' : undefined);
  });

  it('let through as many as are confirmed on both sides together', () => {
    const deletes = { workspace: 20, cloud: 20 };
    expect(guardDeletes(deletes, files, { ...limits, confirmDeletes: 39 })?.message).toContain(
      '40',
    );
    expect(guardDeletes(deletes, files, { ...limits, confirmDeletes: 40 })).toBeUndefined();
  });
});

/** rclone's own rule: more than this share of what was remembered stops it. */
function rcloneStops(deletes: number, remembered: number, percent: number): boolean {
  return deletes / remembered > percent / 100;
}

const numbers = {
  count: fc.integer({ min: 1, max: 5_000 }),
  percent: fc.nat(100),
  few: fc.nat(50),
};

it('rclone never lets through on its own what the limits block', () => {
  fc.assert(
    fc.property(
      numbers.count,
      fc.double({ min: 0, max: 1, noNaN: true }),
      numbers.percent,
      numbers.few,
      (size, share, percent, few) => {
        const deletes = { workspace: 0, cloud: Math.floor(size * share) };
        const both = { workspace: size, cloud: size };
        const set = { maxDeletePercent: percent, maxDeleteFiles: few, confirmDeletes: undefined };
        if (!guardDeletes(deletes, both, set)) return;
        expect(rcloneStops(deletes.cloud, size, maxDeletePercent(size, set))).toBe(true);
      },
    ),
  );
});

it('rclone lets through what was looked at', () => {
  fc.assert(
    fc.property(numbers.count, fc.double({ min: 0, max: 1, noNaN: true }), (size, share) => {
      const deletes = { workspace: Math.floor(size * share), cloud: 0 };
      const both = { workspace: size, cloud: size };
      expect(rcloneStops(deletes.workspace, size, shareOf(deletes, both))).toBe(false);
    }),
  );
});
