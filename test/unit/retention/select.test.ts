import { describe, expect, it } from 'vitest';
import { RetentionPolicyError, type Policy } from '../../../functions/shared/retention/policy.ts';
import { dayMs, keptIds, now, selected, snapshotAt, snapshotOfAge } from './given.ts';

const hourMs = dayMs / 24;

describe('the rules', () => {
  it('give every reason for keeping, and every reason for not keeping', () => {
    const snapshots = ['2026-11-22T09:00Z', '2026-11-22T08:00Z', '2026-11-21T08:00Z'].map((time) =>
      snapshotAt(time, { id: time }),
    );

    const decisions = selected(snapshots, { last: 1, daily: 1, within: '2h' });

    expect([...decisions.values()]).toEqual([
      {
        id: '2026-11-22T09:00Z',
        keep: true,
        reasons: [
          'last: 1 of 1',
          'daily: newest of 2026-11-22',
          'within 2h: of the newest',
          'newest good snapshot',
        ],
      },
      { id: '2026-11-22T08:00Z', keep: true, reasons: ['within 2h: of the newest'] },
      {
        id: '2026-11-21T08:00Z',
        keep: false,
        reasons: ['last: 1 are newer', 'daily: 1 newer periods', 'within 2h: older than that'],
      },
    ]);
  });

  it.each([
    ['UTC', ['2026-11-22T00:30Z', '2026-11-21T23:30Z']],
    ['Europe/Berlin', ['2026-11-22T00:30Z', '2026-11-21T22:30Z']],
    ['America/New_York', ['2026-11-22T00:30Z', '2026-11-20T22:30Z']],
  ])('count days in the calendar of %s', (timeZone, expected) => {
    const times = [
      '2026-11-22T00:30Z',
      '2026-11-21T23:30Z',
      '2026-11-21T22:30Z',
      '2026-11-20T22:30Z',
    ];
    const snapshots = times.map((time) => snapshotAt(time, { id: time }));

    expect(keptIds(snapshots, { daily: 2 }, { now, timeZone })).toEqual(expected);
  });

  it('give an hour that the clock shows twice one slot', () => {
    const times = ['2026-10-25T01:30Z', '2026-10-25T00:30Z', '2026-10-24T23:30Z'];
    const snapshots = times.map((time) => snapshotAt(time, { id: time }));
    const at = { now, timeZone: 'Europe/Berlin' };

    expect(keptIds(snapshots, { hourly: 2 }, at)).toEqual([times[0], times[2]]);
    expect(keptIds(snapshots, { hourly: 2 })).toEqual([times[0], times[1]]);
  });

  it('take the greater id for the newer of two snapshots of the same time', () => {
    const snapshots = ['b', 'c', 'a'].map((id) => snapshotOfAge(1, { id }));

    expect([...selected(snapshots, { last: 2 }).values()].map(({ id }) => id)).toEqual([
      'c',
      'b',
      'a',
    ]);
    expect(keptIds(snapshots, { last: 2 })).toEqual(['c', 'b']);
  });

  it('decide about eight hundred snapshots in milliseconds', () => {
    const snapshots = Array.from({ length: 800 }, (_, index) => snapshotOfAge(index / 2));
    const policy = { last: 3, hourly: 24, daily: 7, weekly: 5, monthly: 12, yearly: 3 };
    const times = [1, 2, 3, 4, 5].map(() => {
      const start = performance.now();
      selected(snapshots, policy, { now, timeZone: 'Europe/Berlin' });
      return performance.now() - start;
    });

    expect(Math.min(...times)).toBeLessThan(100);
  });
});

describe('a policy', () => {
  it.each<Policy>([{}, { last: 0 }, { daily: 0, within: '0d' }, { last: undefined }])(
    'that keeps nothing removes nothing: %j',
    (policy) => {
      const snapshots = [snapshotOfAge(1), snapshotOfAge(900, { verification: 'failed' })];

      const decisions = [...selected(snapshots, policy).values()];

      expect(decisions.map(({ keep }) => keep)).toEqual([true, true]);
      expect(decisions[0]?.reasons).toEqual(['the policy keeps nothing, so all are kept']);
    },
  );

  it.each<[Policy, string]>([
    [{ last: 3, daily: -1 }, 'backup.retain.daily is -1. Set it to a whole number from 0'],
    [{ weekly: 1.5 }, 'backup.retain.weekly is 1.5.'],
    [{ last: NaN }, 'backup.retain.last is'],
    [{ last: 1, within: '2 weeks' }, 'backup.retain.within is "2 weeks". Set it to a duration'],
    [{ within: '' }, 'backup.retain.within is "".'],
  ])('that makes no sense is refused: %j', (policy, message) => {
    expect(() => selected([snapshotOfAge(1)], policy)).toThrow(RetentionPolicyError);
    expect(() => selected([snapshotOfAge(1)], policy)).toThrow(message);
  });

  it('that reaches back further than the calendar keeps everything', () => {
    const snapshots = [snapshotOfAge(1), snapshotOfAge(9000)];

    expect(keptIds(snapshots, { within: '999999999999y' })).toEqual(['1d', '9000d']);
  });

  it('for a time zone that does not exist is refused', () => {
    const at = { now, timeZone: 'Europe/Atlantis' };

    expect(() => selected([snapshotOfAge(1)], { last: 1 }, at)).toThrow(RangeError);
  });

  it('has nothing to say where there is no snapshot', () => {
    expect(selected([], { last: 1, within: '1d' })).toEqual(new Map());
  });
});

describe('a snapshot that a verification found bad', () => {
  const failed = { verification: 'failed' } as const;

  it('fills no slot', () => {
    const snapshots = [snapshotOfAge(8, failed), snapshotOfAge(9), snapshotOfAge(10)];

    expect(keptIds(snapshots, { last: 2 })).toEqual(['8d', '9d', '10d']);
    expect(keptIds([snapshotOfAge(1), ...snapshots], { last: 2 })).toEqual(['1d', '9d']);
  });

  it('stays while nothing newer is good, however old it is', () => {
    const snapshots = [snapshotOfAge(300, failed), snapshotOfAge(400)];

    expect(selected(snapshots, { last: 1 }).get('300d')).toEqual({
      id: '300d',
      keep: true,
      reasons: ['failed its verification, but no newer one can be relied on'],
    });
  });

  it('stays for seven days beside a newer good one, then goes', () => {
    const snapshots = [snapshotOfAge(1), snapshotOfAge(7, failed), snapshotOfAge(7.01, failed)];

    const decisions = selected(snapshots, { last: 5 });

    expect(decisions.get('7d')).toMatchObject({
      keep: true,
      reasons: ['failed its verification: evidence for 7 days'],
    });
    expect(decisions.get('7.01d')).toMatchObject({
      keep: false,
      reasons: ['failed its verification, more than 7 days ago'],
    });
  });

  it.each([
    ['six days ago', now - 6 * dayMs, true],
    ['eight days ago', now - 8 * dayMs, false],
    ['at a time that has not come', now + dayMs, false],
  ])('is evidence from when it was found to be bad: %s', (_, failedAt, keep) => {
    const snapshots = [snapshotOfAge(1), snapshotOfAge(90, { ...failed, failedAt })];

    expect(selected(snapshots, { last: 1 }).get('90d')).toMatchObject({ keep });
  });
});

describe('the newest verified snapshot', () => {
  it('stays beside newer ones that nobody has verified', () => {
    const passed = { verification: 'passed' } as const;
    const snapshots = [snapshotOfAge(1), snapshotOfAge(50, passed), snapshotOfAge(60, passed)];

    expect(selected(snapshots, { last: 1 }).get('50d')?.reasons).toEqual([
      'newest verified snapshot',
    ]);
    expect(keptIds(snapshots, { last: 1 })).toEqual(['1d', '50d']);
  });

  it('stays too where a later one is dated in the future', () => {
    const snapshots = [
      snapshotOfAge(1),
      snapshotOfAge(9, { dated: 'first-seen', verification: 'passed' }),
      snapshotOfAge(50, { verification: 'passed' }),
    ];

    expect(keptIds(snapshots, { last: 1 })).toEqual(['1d', '9d', '50d']);
  });
});

describe('a snapshot dated in the future', () => {
  it('stays for seven days from when it was first seen, then goes', () => {
    const seen = { dated: 'first-seen' } as const;
    const snapshots = [snapshotOfAge(1), snapshotOfAge(7, seen), snapshotOfAge(7.01, seen)];

    const decisions = selected(snapshots, { last: 5 });

    expect(decisions.get('7d')).toMatchObject({
      keep: true,
      reasons: ['dated in the future: evidence for 7 days'],
    });
    expect(decisions.get('7.01d')).toMatchObject({ keep: false });
  });

  it('stays where nothing newer can be relied on, as when a clock is wrong for long', () => {
    const snapshots = [10, 20, 30].map((age) => snapshotOfAge(age, { dated: 'first-seen' }));

    expect(keptIds(snapshots, { last: 1 })).toEqual(['10d', '20d', '30d']);
  });

  it('fills no slot even where its date was taken as it is', () => {
    const forged = snapshotAt('2099-01-01T00:00Z', { id: 'forged' });
    const snapshots = [forged, snapshotOfAge(1), snapshotOfAge(2), snapshotOfAge(3)];

    expect(keptIds(snapshots, { last: 2 })).toEqual(['forged', '1d', '2d']);
    expect(keptIds(snapshots, { within: '36h' })).toEqual(['forged', '1d', '2d']);
  });

  it('is one that is more than ten minutes ahead', () => {
    const ahead = snapshotAt(now + (10 * hourMs) / 60, { id: 'ahead' });
    const tooFar = snapshotAt(now + (11 * hourMs) / 60, { id: 'too far' });

    expect(selected([ahead], { last: 1 }).get('ahead')?.reasons).toContain('last: 1 of 1');
    expect(selected([tooFar], { last: 1 }).get('too far')?.reasons).not.toContain('last: 1 of 1');
  });
});

it('keeps a snapshot without a time, and lets it fill no slot', () => {
  const snapshots = [NaN, -1].map((time) => snapshotOfAge(0, { id: `at ${time}`, time }));

  const decisions = selected([...snapshots, snapshotOfAge(1), snapshotOfAge(2)], { last: 1 });

  expect([...decisions.values()].map(({ id, keep }) => [id, keep])).toEqual([
    ['at NaN', true],
    ['at -1', true],
    ['1d', true],
    ['2d', false],
  ]);
});
