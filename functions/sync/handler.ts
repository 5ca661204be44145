import { loadAgentConfig } from '../shared/config/index.ts';
import type { JobReport } from '../shared/contract/index.ts';
import { parseRequest } from '../shared/jobs/request.ts';
import { sync, wantsSync } from '../shared/jobs/sync.ts';
import { runJob, type InvocationContext } from '../shared/runtime/run.ts';
import { createRuntime } from '../shared/runtime/runtime.ts';

const runtime = createRuntime();

/** Keeps one agent's workspace and cloud folder in step: one leg of one run. */
export async function handler(
  event: unknown,
  invocation: InvocationContext,
): Promise<JobReport | undefined> {
  const request = parseRequest(event, 'sync');
  const agent = await loadAgentConfig(runtime.agentsDirectory, request.agent);
  if (!wantsSync(agent, request.trigger)) return undefined;
  const work = { request, agent, timeoutSeconds: agent.sync.timeout };
  return runJob(runtime, work, invocation, (context) => sync(context, agent));
}
