import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardDeletes, type DeleteLimits } from '../../../functions/shared/one-way/guard.ts';
import { file, planFor } from './given.ts';

const limits: DeleteLimits = {
  maxDeletePercent: 10,
  maxDeleteFiles: 10,
  confirmDeletes: undefined,
  precaution: 'none',
};

function limitsOf(first: boolean): Pick<DeleteLimits, 'precaution'> {
  return { precaution: first ? 'first' : 'none' };
}

interface Push {
  source?: number;
  deletes: number;
  destination: number;
}

function guard(
  { source = 1, deletes, destination }: Push,
  more: Partial<DeleteLimits> = {},
): ReturnType<typeof guardDeletes> {
  const gone = Array.from({ length: deletes }, (_, index) => file(`${index}`));
  return guardDeletes(
    planFor({ destination: gone }),
    { direction: 'push', source, destination },
    { ...limits, ...more },
  );
}

describe('the guard of a run against the mode', () => {
  it('takes every overwriting for harm, and names what it counts', () => {
    const plan = planFor({
      direction: 'pull',
      source: [file('a', { size: 4 }), file('equal size')],
      destination: [file('a'), file('b'), file('equal size')],
      comparable: () => false,
    });

    const blocked = guardDeletes(
      plan,
      { direction: 'pull', source: 2, destination: 3 },
      { ...limits, precaution: 'against-mode' },
    );

    expect(blocked?.code).toBe('against-mode');
    expect(blocked?.message).toContain('by which the workspace is what counts');
    expect(blocked?.message).toContain('delete 1 and overwrite 2 files');
    expect(blocked?.message).toContain('"confirmDeletes": 3');
  });
});

describe('the guard of deletes', () => {
  it('lets a push pass that deletes nothing, even from an empty source', () => {
    expect(
      guard({ source: 0, deletes: 0, destination: 500 }, { precaution: 'first' }),
    ).toBeUndefined();
  });

  it('blocks an empty source, and says how to go on', () => {
    const blocked = guard({ source: 0, deletes: 500, destination: 500 });

    expect(blocked?.code).toBe('empty-source');
    expect(blocked?.message).toContain('the cloud folder has 500');
    expect(blocked?.message).toContain('Nothing was changed');
    expect(blocked?.message).toContain('"confirmDeletes": 500');
  });

  it('blocks an empty source though a single file would go', () => {
    expect(guard({ source: 0, deletes: 1, destination: 1_000 })?.code).toBe('empty-source');
  });

  it('blocks every delete of a first push', () => {
    const blocked = guard({ deletes: 1, destination: 1_000 }, { precaution: 'first' });

    expect(blocked?.code).toBe('first-push-deletes');
    expect(blocked?.message).toContain('"confirmDeletes": 1');
  });

  it.each([
    ['more than the share, more than the number', 30, 100, 'too-many-deletes'],
    ['more than the share, as many as the number', 10, 20, undefined],
    ['the very share, more than the number', 20, 200, undefined],
    ['a file more than the share', 21, 200, 'too-many-deletes'],
    ['a file more than the number', 11, 20, 'too-many-deletes'],
    ['few of many', 11, 100_000, undefined],
    ['all of a few', 10, 10, undefined],
    ['all of many', 11, 11, 'too-many-deletes'],
  ])('judges by both limits: %s', (_, deletes, destination, code) => {
    expect(guard({ deletes, destination })?.code).toBe(code);
  });

  it('names the limits that were passed', () => {
    expect(guard({ deletes: 30, destination: 100 })?.message).toBe(
      'The push would delete 30 of 100 files (30 %); sync.maxDeletePercent allows 10 % and ' +
        'sync.maxDeleteFiles 10 files. Nothing was changed. ' +
        'If that is what you want, run it once with "confirmDeletes": 30.',
    );
  });

  it('may be told to block every delete', () => {
    const none = { maxDeletePercent: 0, maxDeleteFiles: 0 };

    expect(guard({ deletes: 1, destination: 1_000_000 }, none)?.code).toBe('too-many-deletes');
  });

  it.each([
    ['an empty source', { source: 0, deletes: 30, destination: 30 }, {}],
    ['a first push', { deletes: 30, destination: 100 }, limitsOf(true)],
    ['the limits', { deletes: 30, destination: 100 }, {}],
  ])('is overruled by a confirmation of at least as many: %s', (_, push, more) => {
    expect(guard(push, { ...more, confirmDeletes: 29 })).toBeDefined();
    expect(guard(push, { ...more, confirmDeletes: 30 })).toBeUndefined();
    expect(guard(push, { ...more, confirmDeletes: 31 })).toBeUndefined();
  });

  it('names a confirmation that is enough, whatever the push', () => {
    fc.assert(
      fc.property(
        fc.nat(20),
        fc.nat(60),
        fc.nat(60),
        fc.boolean(),
        (source, deletes, rest, first) => {
          const push = { source, deletes, destination: deletes + rest };
          const message = guard(push, limitsOf(first))?.message;
          if (message === undefined) return;
          const confirmDeletes = Number(/"confirmDeletes": (\d+)/.exec(message)?.[1]);
          expect(guard(push, { ...limitsOf(first), confirmDeletes })).toBeUndefined();
          expect(
            guard(push, { ...limitsOf(first), confirmDeletes: confirmDeletes - 1 }),
          ).toBeDefined();
        },
      ),
    );
  });
});
