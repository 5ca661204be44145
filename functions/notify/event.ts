import * as z from 'zod';
import type { QueuedMessage } from '../shared/notification/message.ts';

const eventSchema = z.object({
  Records: z.array(
    z.object({
      messageId: z.string(),
      receiptHandle: z.string(),
      body: z.string(),
      attributes: z.object({ SentTimestamp: z.coerce.number().optional() }).optional(),
    }),
  ),
});

/** The messages of an SQS event. */
export function messagesOf(event: unknown): QueuedMessage[] {
  return eventSchema.parse(event).Records.map((record) => ({
    id: record.messageId,
    receiptHandle: record.receiptHandle,
    body: record.body,
    sentAt: record.attributes?.SentTimestamp,
  }));
}

const checkSchema = z.object({ check: z.object({ agent: z.string().min(1) }) });

/** The agent whose webhook a person wants to have checked; `undefined` for an event of the queue. */
export function checkedAgent(event: unknown): string | undefined {
  return checkSchema.safeParse(event).data?.check.agent;
}
