import type { JobReport } from '../shared/contract/index.ts';
import { backup } from '../shared/jobs/backup.ts';
import { runSnapshotJob, type SnapshotJob } from '../shared/jobs/snapshot-run.ts';
import type { InvocationContext } from '../shared/runtime/run.ts';
import { createRuntime } from '../shared/runtime/runtime.ts';

const runtime = createRuntime();

const job: SnapshotJob = {
  job: 'backup',
  work: backup,
  afterTimeout:
    'No snapshot was made of it; pruning removes what lies there of it, and the next backup begins afresh.',
};

/** Takes a snapshot of one agent: one leg of one run. */
export function handler(event: unknown, invocation: InvocationContext): Promise<JobReport> {
  return runSnapshotJob(runtime, job, event, invocation);
}
