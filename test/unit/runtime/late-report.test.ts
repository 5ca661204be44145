import { describe, expect, it } from 'vitest';
import type { JobReport } from '../../../functions/shared/contract/index.ts';
import { nextStatus, type JobStatus } from '../../../functions/shared/runtime/job-status.ts';
import { noTotals } from '../../../functions/shared/runtime/report.ts';
import type { ObjectStore } from '../../../functions/shared/state/object-store.ts';
import { RunWorld } from './world.ts';

const usage = { gbSeconds: 100, awsRequests: { write: 1, read: 1 }, bytesOut: 0 };

function givenReport(finishedAt: string, more: Partial<JobReport> = {}): JobReport {
  const list = { skipped: [], skippedFiles: 0, delivered: [], warnings: [] };
  const who = { job: 'sync', agent: 'main', runId: finishedAt, trigger: 'manual' } as const;
  const when = { startedAt: finishedAt, finishedAt, durationMs: 1, legs: 1 };
  return { version: 1, ...noTotals, ...list, ...who, ...when, state: 'succeeded', usage, ...more };
}

function statusAfter(...reports: JobReport[]): JobStatus | undefined {
  return reports.reduce<JobStatus | undefined>(nextStatus, undefined);
}

const failed = {
  state: 'failed',
  reason: { code: 'quota-full', message: 'The account is full.' },
} as const;
const older = givenReport('2026-11-22T10:00:00.000Z', { pushed: 'all', pushedTo: 'there' });
const newer = givenReport('2026-11-22T10:05:00.000Z', failed);

describe('a report that is written after that of a later run', () => {
  it('does not hide how the later one ended', async () => {
    const world = new RunWorld();
    const store: ObjectStore = {
      get: (key) => world.store.get(key),
      delete: (key) => world.store.delete(key),
      put: async (key, ...rest) => {
        // The lease is given back as soon as the history has the report: another run comes between.
        if (key.startsWith('history/')) await world.run({ ...failed });
        return world.store.put(key, ...rest);
      },
    };

    await world.run({ state: 'succeeded' }, {}, { store });

    expect(world.stored('status/main/sync.json')).toMatchObject({
      ...{ runs: 2, errors: 1, lastState: 'failed', lastReason: failed.reason },
      lastSuccessAt: '2026-11-22T10:00:05.000Z',
    });
  });

  it('says what it says in order, but for what only the last run tells', () => {
    expect(statusAfter(newer, older)).toEqual(statusAfter(older, newer));
    expect(statusAfter(newer, older)).toMatchObject({ lastPushedTo: 'there', lastState: 'failed' });
  });

  it('brings no reason with it', () => {
    const late = givenReport('2026-11-22T09:59:00.000Z', failed);

    expect(statusAfter(older, late)).not.toHaveProperty('lastReason');
    expect(statusAfter(older, late)).toMatchObject({ lastState: 'succeeded', errors: 1, runs: 2 });
  });

  it('of the month before takes nothing from what this month has used', () => {
    const first = givenReport('2026-12-01T00:00:01.000Z');
    const late = givenReport('2026-11-30T23:59:59.000Z');

    expect(statusAfter(first, late)).toMatchObject({
      runs: 2,
      usage: { month: '2026-12', runs: 1, gbSeconds: 100 },
    });
    expect(statusAfter(first, first)?.usage).toMatchObject({ month: '2026-12', runs: 2 });
  });

  it('does not take back that a later verification has found a snapshot damaged', () => {
    const snapshot = { id: '20261122T090000Z', createdAt: '2026-11-22T09:00:00.000Z' };
    const verified = (report: JobReport, passed: boolean): JobReport => ({
      ...report,
      job: 'verify',
      snapshot: {
        ...{ ...snapshot, format: 'workspace-sync', storedBytes: 1, encrypted: true },
        verified: { at: report.finishedAt, passed, percent: 100 },
      },
    });

    const status = statusAfter(verified(newer, false), verified(older, true));

    expect(status?.damagedSnapshots).toMatchObject([{ id: snapshot.id, runId: newer.runId }]);
  });

  it('is of the last run all the same where the one before is of a time far ahead', () => {
    const ahead = givenReport('2027-01-01T00:00:00.000Z', failed);

    expect(statusAfter(ahead, newer, older)).toMatchObject({
      lastRunId: newer.runId,
      usage: { month: '2026-11', runs: 2 },
    });
  });
});
