import { loadAgentConfig } from '../shared/config/index.ts';
import type { JobReport } from '../shared/contract/index.ts';
import { restore } from '../shared/jobs/restore.ts';
import { parseRequest } from '../shared/jobs/request.ts';
import { runJob, type InvocationContext } from '../shared/runtime/run.ts';
import { createRuntime } from '../shared/runtime/runtime.ts';

const runtime = createRuntime();

/** Brings files of one agent back from a snapshot: one leg of one run. */
export async function handler(event: unknown, invocation: InvocationContext): Promise<JobReport> {
  const request = parseRequest(event, 'restore');
  const agent = await loadAgentConfig(runtime.agentsDirectory, request.agent);
  const work = {
    request,
    timeoutSeconds: agent.backup.timeout,
    timeoutKey: 'backup.timeout',
    afterTimeout: 'What was written so far stays where it is, and is not all of it.',
  };
  return runJob(runtime, work, invocation, (context) => restore(context, agent));
}
