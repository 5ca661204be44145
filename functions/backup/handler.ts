import { loadAgentConfig } from '../shared/config/index.ts';
import type { JobReport } from '../shared/contract/index.ts';
import { backup } from '../shared/jobs/backup.ts';
import { parseRequest } from '../shared/jobs/request.ts';
import { runJob, type InvocationContext } from '../shared/runtime/run.ts';
import { createRuntime } from '../shared/runtime/runtime.ts';

const runtime = createRuntime();

/** Takes a snapshot of one agent: one leg of one run. */
export async function handler(event: unknown, invocation: InvocationContext): Promise<JobReport> {
  const request = parseRequest(event, 'backup');
  const agent = await loadAgentConfig(runtime.agentsDirectory, request.agent);
  const work = {
    request,
    timeoutSeconds: agent.backup.timeout,
    timeoutKey: 'backup.timeout',
    afterTimeout:
      'No snapshot was made of it; pruning removes what lies there of it, and the next backup begins afresh.',
  };
  return runJob(runtime, work, invocation, (context) => backup(context, agent));
}
