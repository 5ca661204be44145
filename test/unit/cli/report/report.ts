import type { JobReport } from '../../../../functions/shared/contract/index.ts';
import { noTotals } from '../../../../functions/shared/runtime/report.ts';

/** A report of a run that had nothing to do, and what a test has to say besides. */
export function givenReport(own: Partial<JobReport> = {}): JobReport {
  return {
    version: 1,
    job: 'sync',
    agent: 'main',
    runId: '20261122T101500Z-0a1b2c3d',
    trigger: 'manual',
    state: 'succeeded',
    startedAt: '2026-11-22T10:15:00.000Z',
    finishedAt: '2026-11-22T10:15:12.000Z',
    durationMs: 12_000,
    legs: 1,
    ...noTotals,
    skipped: [],
    skippedFiles: 0,
    delivered: [],
    warnings: [],
    ...own,
  };
}
