import { loadAgentConfig, type AgentConfig } from '../config/index.ts';
import type { Job, JobReport } from '../contract/index.ts';
import type { JobResult } from '../runtime/report.ts';
import { runJob, type InvocationContext, type RunContext } from '../runtime/run.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { parseRequest } from './request.ts';

/** A job about snapshots, as its handler names it. */
export interface SnapshotJob {
  job: Extract<Job, 'backup' | 'prune' | 'verify' | 'restore'>;
  /** What becomes of a run that did not end in time, in a sentence. */
  afterTimeout: string;
  work: (context: RunContext, agent: AgentConfig) => Promise<JobResult>;
}

/** One leg of a job about one agent's snapshots; all of them share the time that a backup may take. */
export async function runSnapshotJob(
  runtime: Runtime,
  { job, afterTimeout, work }: SnapshotJob,
  event: unknown,
  invocation: InvocationContext,
): Promise<JobReport> {
  const request = parseRequest(event, job);
  const agent = await loadAgentConfig(runtime.agentsDirectory, request.agent);
  const { timeout: timeoutSeconds } = agent.backup;
  return runJob(
    runtime,
    { request, agent, timeoutSeconds, timeoutKey: 'backup.timeout', afterTimeout },
    invocation,
    (context) => work(context, agent),
  );
}
