import * as z from 'zod';
import { eventSources } from '../contract/index.ts';
import { RequestError } from '../jobs/request.ts';

/**
 * What the function is called for.
 * - `ask`: somebody wants to know; nothing is written.
 * - `refresh`: the status files are to be written; all of them by schedule, one after a run.
 */
export interface StatusRequest {
  kind: 'ask' | 'refresh';
  /** All agents of the function where it is absent. */
  agent?: string;
}

const askSchema = z.strictObject({ agent: z.string().min(1).exactOptional() });
const scheduleSchema = z.strictObject({ refresh: z.literal(true) });
const eventSchema = z.object({
  source: z.literal(eventSources.own),
  detail: z.object({ agent: z.string().min(1) }),
});

/** Turns what invoked the function into a request. @throws RequestError */
export function parseStatusRequest(event: unknown): StatusRequest {
  if (scheduleSchema.safeParse(event).success) return { kind: 'refresh' };
  const ended = eventSchema.safeParse(event);
  if (ended.success) return { kind: 'refresh', agent: ended.data.detail.agent };
  const asked = askSchema.safeParse(event);
  if (asked.success) return { kind: 'ask', ...asked.data };
  throw new RequestError(`status takes {} or {"agent": "main"}: ${z.prettifyError(asked.error)}`);
}
