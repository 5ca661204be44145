import { loadAgentConfig } from '../shared/config/index.ts';
import type { JobReport } from '../shared/contract/index.ts';
import { prune } from '../shared/jobs/prune.ts';
import { parseRequest } from '../shared/jobs/request.ts';
import { runJob, type InvocationContext } from '../shared/runtime/run.ts';
import { createRuntime } from '../shared/runtime/runtime.ts';

const runtime = createRuntime();

/** Gives up the snapshots of one agent that retention no longer keeps. */
export async function handler(event: unknown, invocation: InvocationContext): Promise<JobReport> {
  const request = parseRequest(event, 'prune');
  const agent = await loadAgentConfig(runtime.agentsDirectory, request.agent);
  const work = {
    request,
    timeoutSeconds: agent.backup.timeout,
    timeoutKey: 'backup.timeout',
    afterTimeout: 'The next prune goes on.',
  };
  return runJob(runtime, work, invocation, (context) => prune(context, agent));
}
