import { describe, expect, it } from 'vitest';
import { backupSchema } from '../../../functions/shared/config/backup.ts';
import { formatDecisions } from '../../../functions/shared/retention/format.ts';
import { policyOf, spanWithin } from '../../../functions/shared/retention/policy.ts';
import { selectSnapshots } from '../../../functions/shared/retention/select.ts';
import { now, snapshotOfAge } from './given.ts';

describe('the policy of a configuration', () => {
  it.each([
    [undefined, { last: 7 }],
    [30, { last: 30 }],
    [
      { daily: 7, weekly: 4, within: '14d' },
      { daily: 7, weekly: 4, within: '14d' },
    ],
  ])('%j', (retain, policy) => {
    expect(policyOf(backupSchema.parse({ retain }).retain)).toEqual(policy);
  });
});

describe('a duration', () => {
  const none = { years: 0, months: 0, days: 0, hours: 0 };

  it.each([
    ['14d', { ...none, days: 14 }],
    ['2w', { ...none, days: 14 }],
    ['1y5m7d2h', { years: 1, months: 5, days: 7, hours: 2 }],
    ['1w1d1w', { ...none, days: 15 }],
    ['0d', undefined],
    [undefined, undefined],
  ])('%s', (within, span) => {
    expect(spanWithin({ within })).toEqual(span);
  });
});

it('prints what a dry run would do', () => {
  const snapshots = [snapshotOfAge(1), snapshotOfAge(10), snapshotOfAge(20)];
  const decisions = selectSnapshots(snapshots, { last: 2 }, { now });

  expect(formatDecisions(decisions)).toEqual([
    'keep    1d   last: 1 of 2; newest good snapshot',
    'keep    10d  last: 2 of 2',
    'remove  20d  last: 2 are newer',
    '2 kept, 1 removed',
  ]);
  expect(formatDecisions([])).toEqual(['0 kept, 0 removed']);
});
