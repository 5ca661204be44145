import { describe, expect, it } from 'vitest';
import {
  createTimeBudget,
  type TimeBudget,
  type TimeBudgetOptions,
} from '../../../functions/shared/runtime/time-budget.ts';

let time = 0;

function budget(options: Partial<TimeBudgetOptions> = {}): TimeBudget {
  time = 1_000_000;
  return createTimeBudget({
    clock: { now: () => time, sleep: () => Promise.resolve() },
    contextRemainingMs: 900_000,
    functionTimeoutMs: 900_000,
    ...options,
  });
}

/** Both ends, counted from the start. */
function ends({ deadline, stopAt }: TimeBudget): { deadline: number; stopAt: number } {
  return { deadline: deadline - 1_000_000, stopAt: stopAt - 1_000_000 };
}

describe('the time of a leg', () => {
  it.each<[string, Partial<TimeBudgetOptions>, { deadline: number; stopAt: number }]>([
    ['a quarter of an hour', {}, { deadline: 900_000, stopAt: 880_000 }],
    [
      'what the platform has left',
      { contextRemainingMs: 100_000 },
      { deadline: 100_000, stopAt: 80_000 },
    ],
    [
      'the configured timeout, where the platform always says the same',
      { contextRemainingMs: 900_000, functionTimeoutMs: 60_000 },
      { deadline: 60_000, stopAt: 45_000 },
    ],
    [
      'three quarters of little',
      { contextRemainingMs: 4_000, functionTimeoutMs: 4_000 },
      { deadline: 4_000, stopAt: 3_000 },
    ],
    ['a shorter leg', { legMs: 5_000 }, { deadline: 900_000, stopAt: 5_000 }],
    ['no longer leg', { legMs: 5_000_000 }, { deadline: 900_000, stopAt: 880_000 }],
    ['the end of the run', { runDeadline: 1_030_000 }, { deadline: 900_000, stopAt: 30_000 }],
  ])('is %s', (_, options, expected) => {
    expect(ends(budget(options))).toEqual(expected);
  });

  it('passes, and is never less than nothing', () => {
    const given = budget({ legMs: 5_000 });
    const left = [0, 4_999, 5_000, 9_999].map((passed) => {
      time = 1_000_000 + passed;
      return given.remaining();
    });

    expect(left).toEqual([5_000, 1, 0, 0]);
  });

  it('is over where the run is', () => {
    expect(budget({ runDeadline: 1 }).remaining()).toBe(0);
  });
});
