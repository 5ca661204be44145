import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../functions/shared/config/index.ts';
import type { MonthUsage } from '../../../functions/shared/contract/index.ts';
import {
  costOf,
  costOfRuns,
  elapsedShare,
  type Estimated,
  estimateMonth,
  prices,
  totalOf,
  turnsPerMonth,
} from '../../../functions/shared/cost/index.ts';

const sync = { provider: 'dropbox', mode: 'mailbox', dropbox: { token: '${T}' } };
const backup = { enabled: true, provider: 's3' };
const webhook = { url: 'https://gateway.example.com/hooks', mode: 'wake', token: '${H}' };

function given(json: object): Estimated {
  return parseConfig(json).config;
}

function dollarsOf(lines: ReturnType<typeof costOf>, thing: string): number {
  return totalOf(lines.filter((line) => line.thing === thing));
}

const usage: MonthUsage = {
  month: '2026-11',
  runs: 10,
  legs: 12,
  gbSeconds: 1_000_000,
  awsRequests: { write: 1_000_000, read: 1_000_000 },
  bytesOut: 10 * 2 ** 30,
};

describe('the cost of runs', () => {
  it.each([
    ['Lambda, computing', 13.3334],
    ['S3, requests that write or list', 5],
    ['S3, requests that read', 0.4],
    ['Transfer out of AWS', 0.9],
  ])('has %s at its list price', (thing, dollars) => {
    expect(dollarsOf(costOfRuns([usage]), thing)).toBeCloseTo(dollars, 6);
  });

  it('adds up jobs', () => {
    expect(totalOf(costOfRuns([usage, usage]))).toBeCloseTo(2 * totalOf(costOfRuns([usage])), 6);
    expect(totalOf(costOfRuns([]))).toBe(0);
  });

  it('is never negative, and grows with whatever is used', () => {
    const amount = fc.nat(1_000_000);
    fc.assert(
      fc.property(amount, amount, amount, amount, (gbSeconds, write, read, bytesOut) => {
        const some = { ...usage, gbSeconds, awsRequests: { write, read }, bytesOut };
        const more = { ...some, awsRequests: { write: write + 1, read } };
        const cost = totalOf(costOfRuns([some]));
        expect(cost).toBeGreaterThanOrEqual(0);
        expect(totalOf(costOfRuns([more]))).toBeGreaterThan(cost);
      }),
    );
  });
});

describe('the cost of a month so far', () => {
  const config = given({ sync, backup });

  it('has what is there for the share of the month that has passed', () => {
    const half = costOf([], config, { elapsed: 0.5 });
    const whole = costOf([], config, { elapsed: 1 });
    expect(totalOf(half)).toBeCloseTo(totalOf(whole) / 2, 6);
    expect(dollarsOf(whole, 'CloudWatch, dashboard')).toBe(prices.dashboardMonth);
  });

  it('has what is stored where somebody has looked', () => {
    const lines = costOf([], config, { elapsed: 1, storedBytes: 100 * 2 ** 30 });
    expect(dollarsOf(lines, 'S3, storage')).toBeCloseTo(2.3, 6);
    expect(costOf([], config, { elapsed: 1 }).map(({ thing }) => thing)).not.toContain(
      'S3, storage',
    );
  });

  it('pays for a metric by the hour, however many runs set it', () => {
    const metricsOf = (runs: number): number =>
      dollarsOf(
        costOf([{ agent: 'ann', job: 'sync', usage: { ...usage, runs } }], config, { elapsed: 1 }),
        'CloudWatch, metrics of runs',
      );
    expect(metricsOf(8_760)).toBeCloseTo(metricsOf(730), 6);
    expect(metricsOf(365)).toBeCloseTo(metricsOf(730) / 2, 6);
  });

  it.each([
    ['2026-11-01T00:00:00Z', 0],
    ['2026-11-16T00:00:00Z', 0.5],
    ['2026-12-31T23:59:59.999Z', 1],
    ['2028-02-15T12:00:00Z', 0.5],
  ])('has passed at %s by %d', (time, share) => {
    expect(elapsedShare(Date.parse(time))).toBeCloseTo(share, 6);
  });
});

describe('an estimate', () => {
  const runs = (json: object): number => {
    const lines = estimateMonth(given(json), { dropsPerDay: 0 });
    return lines.find(({ thing }) => thing === 'Lambda, calls')?.amount ?? 0;
  };

  it('takes the runs from the configuration', () => {
    expect(runs({ sync: { ...sync, interval: 3600 } })).toBeCloseTo(730, 6);
    expect(runs({ sync: { ...sync, interval: 0 } })).toBe(0);
    const daily = { ...backup, interval: 86_400, verifyInterval: 0 };
    expect(runs({ sync: { provider: 'off' }, backup: daily })).toBeCloseTo((2 * 730) / 24, 6);
    expect(runs({ sync: { ...sync, interval: 0, onSessionEnd: true } })).toBeCloseTo(
      (10 * 730) / 24,
      6,
    );
  });

  it('costs more with more files, more agents, more often, and not less', () => {
    const base = given({ sync: { ...sync, interval: 600 }, backup });
    const agents = given({ agents: { a: { sync, backup }, b: { sync, backup } } });
    const cost = totalOf(estimateMonth(base));
    expect(totalOf(estimateMonth(base, { files: 50_000 }))).toBeGreaterThan(cost);
    expect(totalOf(estimateMonth(base, { bytes: 2 ** 34 }))).toBeGreaterThan(cost);
    expect(totalOf(estimateMonth(base, { changedPerDay: 0.5 }))).toBeGreaterThan(cost);
    expect(totalOf(estimateMonth(agents))).toBeGreaterThan(cost);
    const often = given({ sync: { ...sync, interval: 60 }, backup });
    expect(totalOf(estimateMonth(often))).toBeGreaterThan(cost);
  });

  it('has traces where they are wanted only', () => {
    const things = (tracing: boolean): string[] =>
      estimateMonth(given({ tracing, sync })).map(({ thing }) => thing);
    expect(things(true)).toContain('X-Ray, traces');
    expect(things(false)).not.toContain('X-Ray, traces');
  });

  it('counts a turn for each drop that somebody is told of', () => {
    const { agents } = given({ agents: { told: { webhook }, silent: {} } });
    expect(turnsPerMonth(agents, { dropsPerDay: 24 })).toBeCloseTo(730, 6);
  });

  it('has no line that is less than nothing, or that is no number', () => {
    for (const { dollars, amount } of estimateMonth(given({ sync, backup, webhook }))) {
      expect(dollars).toBeGreaterThanOrEqual(0);
      expect(amount).toBeGreaterThanOrEqual(0);
    }
  });

  it('counts the snapshots that are kept, and those that buckets keep for a month after', () => {
    const elsewhere = { provider: 'dropbox', dropbox: { token: '${TOKEN}' } };
    const storage = (retain: object, own = true): number => {
      const place = own ? backup : { ...backup, ...elsewhere };
      const lines = estimateMonth(given({ sync, backup: { ...place, retain } }), {
        bytes: 2 ** 30,
        changedPerDay: 0,
      });
      return lines.find(({ thing }) => thing === 'S3, storage')?.amount ?? 0;
    };
    // One for the workspace, and half a GB for each snapshot: 7 kept, and the 30 of a month.
    expect(storage({ daily: 7 })).toBeCloseTo(1 + 37 / 2, 6);
    expect(storage({ daily: 7, weekly: 4 })).toBeCloseTo(1 + 41 / 2, 6);
    expect(storage({ daily: 7 }, false)).toBeCloseTo(1, 6);
  });
});
