import { notify } from '../shared/notification/notify.ts';
import { notifyDependencies } from './dependencies.ts';
import { messagesOf } from './event.ts';

/** What SQS wants to know: the messages that have to come back. */
export interface BatchAnswer {
  batchItemFailures: { itemIdentifier: string }[];
}

const dependencies = notifyDependencies(process.env);

/** Announces the files named by a batch of notification messages to their agents' webhooks. */
export async function handler(event: unknown): Promise<BatchAnswer> {
  const stay = await notify(messagesOf(event), dependencies);
  return { batchItemFailures: stay.map((itemIdentifier) => ({ itemIdentifier })) };
}
