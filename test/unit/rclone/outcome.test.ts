import { describe, expect, it } from 'vitest';
import { outcomeOf, type RcloneOutcome } from '../../../functions/shared/rclone/outcome.ts';

describe('what the end of rclone means', () => {
  it.each<[number | null, boolean, RcloneOutcome]>([
    [0, false, 'done'],
    [1, false, 'retryable'],
    [2, false, 'fatal'],
    [3, false, 'not-found'],
    [4, false, 'not-found'],
    [5, false, 'retryable'],
    [6, false, 'fatal'],
    [7, false, 'fatal'],
    [8, false, 'fatal'],
    [9, false, 'done'],
    [10, false, 'time-up'],
    [11, false, 'fatal'],
    [143, false, 'fatal'],
    [null, false, 'retryable'],
    [0, true, 'done'],
    [1, true, 'time-up'],
    [3, true, 'time-up'],
    [130, true, 'time-up'],
    [null, true, 'time-up'],
  ])('of exit code %s, stopped: %s', (exitCode, stopped, outcome) => {
    expect(outcomeOf(exitCode, stopped)).toBe(outcome);
  });

  it('is never a success that was not one', () => {
    for (let code = 1; code < 256; code++) {
      if (code !== 9) expect(outcomeOf(code, false)).not.toBe('done');
      expect(outcomeOf(code, true)).not.toBe('done');
    }
  });
});
