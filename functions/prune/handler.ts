import type { JobReport } from '../shared/contract/index.ts';
import { prune } from '../shared/jobs/prune.ts';
import { runSnapshotJob, type SnapshotJob } from '../shared/jobs/snapshot-run.ts';
import type { InvocationContext } from '../shared/runtime/run.ts';
import { createRuntime } from '../shared/runtime/runtime.ts';

const runtime = createRuntime();

const job: SnapshotJob = {
  job: 'prune',
  work: prune,
  afterTimeout: 'The next prune goes on.',
};

/** Gives up the snapshots of one agent that retention no longer keeps. */
export function handler(event: unknown, invocation: InvocationContext): Promise<JobReport> {
  return runSnapshotJob(runtime, job, event, invocation);
}
