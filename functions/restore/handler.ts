import type { JobReport } from '../shared/contract/index.ts';
import { restore } from '../shared/jobs/restore.ts';
import { runSnapshotJob, type SnapshotJob } from '../shared/jobs/snapshot-run.ts';
import type { InvocationContext } from '../shared/runtime/run.ts';
import { createRuntime } from '../shared/runtime/runtime.ts';

const runtime = createRuntime();

const job: SnapshotJob = {
  job: 'restore',
  work: restore,
  afterTimeout: 'What was written so far stays where it is, and is not all of it.',
};

/** Brings files of one agent back from a snapshot: one leg of one run. */
export function handler(event: unknown, invocation: InvocationContext): Promise<JobReport> {
  return runSnapshotJob(runtime, job, event, invocation);
}
