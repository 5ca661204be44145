import { loadAgentConfig } from '../shared/config/index.ts';
import type { JobReport } from '../shared/contract/index.ts';
import { verify } from '../shared/jobs/verify.ts';
import { parseRequest } from '../shared/jobs/request.ts';
import { runJob, type InvocationContext } from '../shared/runtime/run.ts';
import { createRuntime } from '../shared/runtime/runtime.ts';

const runtime = createRuntime();

/** Reads a snapshot of one agent back: one leg of one run. */
export async function handler(event: unknown, invocation: InvocationContext): Promise<JobReport> {
  const request = parseRequest(event, 'verify');
  const agent = await loadAgentConfig(runtime.agentsDirectory, request.agent);
  const work = {
    request,
    timeoutSeconds: agent.backup.timeout,
    timeoutKey: 'backup.timeout',
    afterTimeout: 'Nothing was recorded.',
  };
  return runJob(runtime, work, invocation, (context) => verify(context, agent));
}
