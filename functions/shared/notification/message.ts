import * as z from 'zod';
import type { Delivery } from '../contract/index.ts';

/** A message as it came off the queue. */
export interface QueuedMessage {
  id: string;
  /** What the queue wants to be told when the message is to be put off. */
  receiptHandle: string;
  body: string;
  /** Epoch milliseconds at which it was first sent, where the queue says so. */
  sentAt?: number | undefined;
}

/** A message whose body is understood. */
export interface NotificationTask {
  message: QueuedMessage;
  agent: string;
  deliveries: Delivery[];
}

const messageSchema = z.object({
  version: z.literal(1),
  agent: z.string().min(1),
  runId: z.string(),
  deliveries: z.array(
    z.object({ id: z.string().min(1), name: z.string().min(1), size: z.number().nonnegative() }),
  ),
});

/** The task in a message, or what is wrong with the message. */
export function parseMessage(
  message: QueuedMessage,
): { task: NotificationTask } | { problem: string } {
  const parsed = messageSchema.safeParse(parseJson(message.body));
  if (!parsed.success) return { problem: z.prettifyError(parsed.error) };
  const { agent, deliveries } = parsed.data;
  return { task: { message, agent, deliveries } };
}

/** What is not JSON is no object either, which is what the schema then says. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
