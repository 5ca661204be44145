import { checkWebhook, type WebhookCheck } from '../shared/notification/check.ts';
import { knock } from '../shared/notification/knock.ts';
import { notify } from '../shared/notification/notify.ts';
import { notifyDependencies } from './dependencies.ts';
import { checkedAgent, messagesOf } from './event.ts';

/** What SQS wants to know: the messages that have to come back. */
export interface BatchAnswer {
  batchItemFailures: { itemIdentifier: string }[];
}

const dependencies = notifyDependencies(process.env);

/**
 * Announces the files named by a batch of notification messages to their agents' webhooks; or, asked
 * by a person, says how one agent's webhook answers.
 */
export async function handler(event: unknown): Promise<BatchAnswer | WebhookCheck> {
  const agent = checkedAgent(event);
  if (agent !== undefined) return checkWebhook(agent, { ...dependencies, knock });
  const stay = await notify(messagesOf(event), dependencies);
  return { batchItemFailures: stay.map((itemIdentifier) => ({ itemIdentifier })) };
}
