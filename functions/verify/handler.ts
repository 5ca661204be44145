import type { JobReport } from '../shared/contract/index.ts';
import { verify } from '../shared/jobs/verify.ts';
import { runSnapshotJob, type SnapshotJob } from '../shared/jobs/snapshot-run.ts';
import type { InvocationContext } from '../shared/runtime/run.ts';
import { createRuntime } from '../shared/runtime/runtime.ts';

const runtime = createRuntime();

const job: SnapshotJob = {
  job: 'verify',
  work: verify,
  afterTimeout: 'Nothing was recorded.',
};

/** Reads a snapshot of one agent back: one leg of one run. */
export function handler(event: unknown, invocation: InvocationContext): Promise<JobReport> {
  return runSnapshotJob(runtime, job, event, invocation);
}
