import type { JobReport } from '../shared/contract/index.ts';
import { drainAgent, drainBatch, type BatchAnswer } from '../shared/jobs/drain-batch.ts';
import { parseRequest } from '../shared/jobs/request.ts';
import type { InvocationContext } from '../shared/runtime/run.ts';
import { createRuntime } from '../shared/runtime/runtime.ts';

const runtime = createRuntime();

/** Delivers what was dropped: called by the queue of drop events, or by a person for one agent. */
export async function handler(
  event: unknown,
  invocation: InvocationContext,
): Promise<BatchAnswer | JobReport> {
  if (typeof event === 'object' && event !== null && 'Records' in event) {
    return drainBatch(runtime, event, invocation);
  }
  return drainAgent(runtime, parseRequest(event, 'drain'), invocation);
}
