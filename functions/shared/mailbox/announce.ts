import { SendMessageCommand } from '@aws-sdk/client-sqs';
import {
  environment,
  eventTypes,
  type Delivery,
  type NotificationMessage,
} from '../contract/index.ts';
import { putEvent } from '../runtime/events.ts';
import { required, type Runtime } from '../runtime/runtime.ts';

/** A message may have 256 KB, and a name 255 bytes that escaping makes longer. */
const deliveriesPerMessage = 100;

export interface Announcement {
  agent: string;
  runId: string;
  /** Whether the agent is to be woken: `sync.notifyOnInbox`. */
  notify: boolean;
}

/**
 * Tells the event bus of deliveries, and the notification queue where the agent wants to be woken.
 * Resolves when both have accepted: only then may the drops be removed.
 */
export async function announce(
  runtime: Runtime,
  { agent, runId, notify }: Announcement,
  deliveries: Delivery[],
): Promise<void> {
  for (let at = 0; at < deliveries.length; at += deliveriesPerMessage) {
    const message: NotificationMessage = {
      version: 1,
      agent,
      runId,
      deliveries: deliveries.slice(at, at + deliveriesPerMessage),
    };
    const sending = notify ? sendToQueue(runtime, message) : Promise.resolve();
    await Promise.all([sending, putEvent(runtime, eventTypes.inboxDelivered, message)]);
  }
}

async function sendToQueue(runtime: Runtime, message: NotificationMessage): Promise<void> {
  await runtime.sqs.send(
    new SendMessageCommand({
      QueueUrl: required(runtime.env, environment.notificationQueue),
      MessageBody: JSON.stringify(message),
    }),
  );
}
