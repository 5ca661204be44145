import { loadAgentConfig } from '../shared/config/index.ts';
import type { JobReport } from '../shared/contract/index.ts';
import { listCloudFolder } from '../shared/jobs/list-cloud-folder.ts';
import { listSnapshots } from '../shared/jobs/list-snapshots.ts';
import { parseRequest } from '../shared/jobs/request.ts';
import { runJob, type InvocationContext } from '../shared/runtime/run.ts';
import { createRuntime } from '../shared/runtime/runtime.ts';

const runtime = createRuntime();

/** Lists the snapshots of one agent, or what lies in its cloud folder. */
export async function handler(event: unknown, invocation: InvocationContext): Promise<JobReport> {
  const request = parseRequest(event, 'list');
  const agent = await loadAgentConfig(runtime.agentsDirectory, request.agent);
  const list = request.of === 'cloud' ? listCloudFolder : listSnapshots;
  return runJob(runtime, { request, isQuery: true }, invocation, (context) => list(context, agent));
}
