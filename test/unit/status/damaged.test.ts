import { describe, expect, it } from 'vitest';
import type { AgentStatus, JobReport } from '../../../functions/shared/contract/index.ts';
import { nextStatus, type JobStatus } from '../../../functions/shared/runtime/job-status.ts';
import { noTotals } from '../../../functions/shared/runtime/report.ts';
import { agentStatus } from '../../../functions/shared/status/agent-status.ts';
import { ago, givenAgent, givenRecords, givenSnapshot, givenStatus, hour, now } from './given.ts';

const good = givenSnapshot('good', 20 * hour);
const young = givenSnapshot('young', 2 * hour);
const newer = givenSnapshot('newer', hour);

type Snapshot = typeof good;

/** The end of a verification, with the percent of the snapshot that was read. */
function givenVerification(snapshot: Snapshot, passed: boolean, percent = 100): JobReport {
  return {
    ...noTotals,
    version: 1,
    job: 'verify',
    agent: 'main',
    runId: `${snapshot.id}-${String(passed)}-${percent}`,
    trigger: 'schedule',
    state: passed ? 'succeeded' : 'failed',
    ...(passed ? {} : { reason: { code: 'snapshot-damaged', message: 'Segment 3 is not whole.' } }),
    startedAt: ago(60),
    finishedAt: ago(30),
    durationMs: 30_000,
    legs: 1,
    skipped: [],
    skippedFiles: 0,
    delivered: [],
    warnings: [],
    snapshot: { ...snapshot, verified: { at: ago(30), passed, percent } },
  };
}

/** What is known after these verifications, of an agent whose only copies are its snapshots. */
function statusAfter(reports: JobReport[], newest = young): AgentStatus {
  const verify = reports.reduce<JobStatus>(nextStatus, givenStatus({ verifiedSnapshot: good }));
  const records = givenRecords({ backup: { snapshot: newest } });
  records.jobs.verify = { status: verify };
  return agentStatus('home', givenAgent({ provider: 'off', dropbox: undefined }), records, now);
}

function codes({ problems }: AgentStatus): string[] {
  return problems.map(({ code }) => code);
}

describe('a snapshot that a verification has found damaged', () => {
  it('is no copy: the newest that was found good is', () => {
    const status = statusAfter([givenVerification(young, false)]);
    expect(status.recoveryPoint).toMatchObject({ at: good.createdAt, lossSeconds: 20 * hour });
    expect(codes(status)).toEqual(['snapshot-damaged']);
  });

  it('leaves no copy where it was the one that had been found good before', () => {
    const status = statusAfter([givenVerification(good, false)], good);
    expect(status.recoveryPoint).not.toHaveProperty('at');
    expect(status).not.toHaveProperty('lastVerifiedSnapshot');
  });

  it.each([
    ['a share of an older one', givenVerification(good, true, 1)],
    ['all of an older one', givenVerification(good, true)],
    ['a share of a newer one', givenVerification(newer, true, 99)],
    ['a share of itself', givenVerification(young, true, 1)],
  ])('stays a problem, and no copy, when what passes is %s', (_, passed) => {
    const status = statusAfter([givenVerification(young, false), passed]);
    expect(status.healthy).toBe(false);
    expect(status.problems).toEqual([
      {
        code: 'snapshot-damaged',
        message: `Snapshot young did not pass its verification at ${ago(30)}, and no newer one has passed in full since: Segment 3 is not whole.`,
        runbook: 'a-snapshot-could-not-be-verified',
      },
    ]);
    expect(status.recoveryPoint.at).toBe(good.createdAt);
    expect(status.lastVerifiedSnapshot?.id).toBe('good');
  });

  it('is a problem no more once a newer one has passed in full, and still no copy', () => {
    const reports = [givenVerification(young, false), givenVerification(newer, true)];
    expect(statusAfter(reports)).toMatchObject({
      healthy: true,
      recoveryPoint: { at: newer.createdAt },
      lastVerifiedSnapshot: { id: 'newer' },
    });
  });

  it('is one too where it is not even whole, though an older one has passed', () => {
    const id = '20261122T100000Z-0a1b2c3d';
    const problem = 'An object is cut short.';
    const beside = { ...givenVerification(good, true), damagedSnapshots: [{ id, problem }] };
    const status = statusAfter([beside, givenVerification(good, true, 1)], { ...young, id });
    expect(status.recoveryPoint.at).toBe(good.createdAt);
    expect(status.problems).toMatchObject([
      { message: expect.stringContaining(`${id} did not pass`) as string },
    ]);
    expect(statusAfter([beside, givenVerification(newer, true)]).healthy).toBe(true);
  });

  it('counts again once it has passed in full itself', () => {
    const reports = [givenVerification(young, false), givenVerification(young, true)];
    expect(statusAfter(reports)).toMatchObject({
      healthy: true,
      recoveryPoint: { at: young.createdAt },
      lastVerifiedSnapshot: { id: 'young' },
    });
  });
});

describe('an old snapshot that was found damaged', () => {
  it('is one no more when it passes in full, though a newer one had passed before', () => {
    const old = givenSnapshot('old', 30 * hour);
    const reports = [givenVerification(old, false), givenVerification(old, true)];
    expect(statusAfter(reports, old).recoveryPoint.at).toBe(old.createdAt);
    expect(statusAfter(reports.slice(0, 1), old).recoveryPoint.at).toBe(good.createdAt);
  });
});

describe('a snapshot of which a share has been read back', () => {
  it('is not the one that was verified', () => {
    const status = statusAfter([givenVerification(young, true, 50)]);
    expect(status.lastVerifiedSnapshot?.id).toBe('good');
    expect(status.recoveryPoint.at).toBe(young.createdAt);
  });
});
