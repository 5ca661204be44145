import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AgentStatus } from '../../../functions/shared/contract/index.ts';
import { agentStatus } from '../../../functions/shared/status/agent-status.ts';
import { inWords } from '../../../functions/shared/status/duration.ts';
import { nextRunAt } from '../../../functions/shared/status/next-run.ts';
import type { AgentRecords } from '../../../functions/shared/status/records.ts';
import { ago, givenAgent, givenRecords, givenRunning, givenStatus, hour, now } from './given.ts';

function statusOf(records: AgentRecords, agent = givenAgent()): AgentStatus {
  return agentStatus('home', agent, records, now);
}

describe('the status of an agent', () => {
  it('has the facts of the configuration and of its syncs', () => {
    expect(statusOf(givenRecords({ sync: { runs: 12, errors: 3 } }))).toMatchObject({
      version: 1,
      asOf: '2026-11-22T12:00:00.000Z',
      deployment: 'home',
      agent: 'main',
      provider: 'dropbox',
      mode: 'mailbox',
      localPath: '',
      running: false,
      lastSyncAt: ago(60),
      syncCount: 12,
      errorCount: 3,
      healthy: true,
      problems: [],
      lastVerifiedSnapshot: { id: 'good' },
    });
  });

  it('lists the jobs that are switched on', () => {
    const jobs = (agent = givenAgent()): string[] =>
      statusOf(givenRecords(), agent).jobs.map(({ job }) => job);
    expect(jobs()).toEqual(['sync', 'drain', 'backup', 'verify', 'prune', 'restore']);
    expect(jobs(givenAgent({}, { enabled: false }))).toEqual(['sync', 'drain']);
    expect(jobs(givenAgent({ provider: 'off', dropbox: undefined }))).not.toContain('sync');
  });

  it('says of an agent that nothing has been done for yet that nothing has', () => {
    const status = statusOf({ jobs: {}, deadLetters: [], unreadable: [] });
    expect(status).toMatchObject({ healthy: false, syncCount: 0, running: false, tokens: [] });
    expect(status).not.toHaveProperty('lastSyncAt');
    expect(status.jobs[0]).toEqual({ job: 'sync', interval: 300, runs: 0, errors: 0 });
  });

  it('does not take a partial run for being in step', () => {
    const partial = { lastState: 'partial', lastWholeAt: ago(hour) } as const;
    expect(statusOf(givenRecords({ sync: partial })).lastSyncAt).toBe(ago(hour));
  });

  it('reads what earlier releases wrote', () => {
    const old = {
      version: 1,
      runs: 2,
      errors: 0,
      lastSuccessAt: ago(60),
      lastState: 'succeeded',
      lastRunId: 'old',
      lastFinishedAt: ago(60),
    } as const;
    const status = statusOf({ jobs: { sync: { status: old } }, deadLetters: [], unreadable: [] });
    expect(status.lastSyncAt).toBe(ago(60));
    expect(status.jobs[0]?.last).toEqual({
      runId: 'old',
      state: 'succeeded',
      startedAt: ago(60),
      finishedAt: ago(60),
      files: 0,
      bytes: 0,
      skippedFiles: 0,
      conflicts: 0,
    });
    expect(status.jobs[0]).not.toHaveProperty('nextRunAt');
  });

  it('says what the last run has deleted, which is no file that it carried', () => {
    const [sync] = statusOf(givenRecords({ sync: { filesDeleted: 2 } })).jobs;
    expect(sync?.last).toMatchObject({ files: 0, filesDeleted: 2 });
  });

  it('names each token once, as it was last seen', () => {
    const token = (reference: string, seconds: number) => ({
      scope: 'sync',
      reference,
      seenAt: ago(seconds),
    });
    const records = givenRecords({
      sync: { tokens: [token('B', 10), token('A', 500)] },
      backup: { tokens: [token('A', 100)] },
    });
    expect(statusOf(records).tokens).toEqual([token('A', 100), token('B', 10)]);
  });
});

describe('a run at work', () => {
  const withRunning = (changes: object, status = {}): AgentRecords => {
    const records = givenRecords();
    records.jobs.sync = {
      status: givenStatus({ lastFinishedAt: ago(600), ...status }),
      running: givenRunning(changes),
    };
    return records;
  };

  it('is shown with its progress', () => {
    const { running, jobs } = statusOf(withRunning({}));
    expect(running).toBe(true);
    expect(jobs[0]?.running).toMatchObject({ runId: 'now', done: { files: 1, bytes: 2 } });
  });

  it.each([
    ['that has ended', { state: 'ended' }, {}],
    ['whose end is written down, though its record says otherwise', {}, { lastRunId: 'now' }],
    ['that another has come after', { updatedAt: ago(700) }, {}],
    ['that has gone silent', { updatedAt: ago(300) }, {}],
    ['whose next leg did not start', { state: 'between-legs', updatedAt: ago(1_200) }, {}],
  ])('is none %s', (_, changes, status) => {
    expect(statusOf(withRunning(changes, { lastFinishedAt: ago(650), ...status })).running).toBe(
      false,
    );
  });

  it('may be between two legs for some minutes', () => {
    const between = { state: 'between-legs', updatedAt: ago(300) };
    expect(statusOf(withRunning(between)).running).toBe(true);
  });
});

describe('the next run', () => {
  it('is one interval after the last that the schedule started, to the minute', () => {
    expect(nextRunAt('2026-11-22T11:58:10.500Z', 300, now)).toBe('2026-11-22T12:03:00.000Z');
    expect(nextRunAt('2026-11-22T11:58:10.500Z', 90, now)).toBe('2026-11-22T12:00:00.000Z');
  });

  it('goes by the schedule, whoever else has started runs since', () => {
    const records = givenRecords({
      sync: { lastScheduledAt: '2026-11-22T11:57:00.000Z', lastStartedAt: ago(1) },
    });
    expect(statusOf(records).jobs[0]?.nextRunAt).toBe('2026-11-22T12:02:00.000Z');
  });

  it('is in step with the schedule, never in the past, and never further than an interval', () => {
    fc.assert(
      fc.property(fc.nat(10 ** 7), fc.integer({ min: 60, max: 10 ** 6 }), (since, interval) => {
        const last = new Date(now - since * 1_000).toISOString();
        const next = Date.parse(nextRunAt(last, interval, now));
        const every = Math.ceil(interval / 60) * 60_000;
        expect(next).toBeGreaterThanOrEqual(now);
        expect(next - now).toBeLessThanOrEqual(every);
        expect((next - Math.floor(Date.parse(last) / 60_000) * 60_000) % every).toBe(0);
      }),
    );
  });
});

describe('a length of time', () => {
  it.each([
    [0, '0 seconds'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, '1 minute'],
    [23 * 60 + 40, '23 minutes'],
    [hour, '1 hour'],
    [hour + 60, '1 hour 1 minute'],
    [26 * hour, '1 day 2 hours'],
    [14 * 24 * hour, '14 days'],
  ])('%i is said as %s', (seconds, words) => {
    expect(inWords(seconds)).toBe(words);
  });
});
