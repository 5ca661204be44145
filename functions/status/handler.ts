import type { AgentStatus } from '../shared/contract/index.ts';
import type { InvocationContext } from '../shared/runtime/run.ts';
import { createRuntime } from '../shared/runtime/runtime.ts';
import { answerStatus } from '../shared/status/answer.ts';

const runtime = createRuntime();

/** Says how agents are, and keeps `.workspace-sync/status.json` in their workspaces up to date. */
export function handler(event: unknown, invocation: InvocationContext): Promise<AgentStatus[]> {
  return answerStatus(runtime, event, invocation);
}
