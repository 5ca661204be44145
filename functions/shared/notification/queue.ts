import {
  ChangeMessageVisibilityCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { visible } from '../deceptive.ts';
import type { QueuedMessage } from './message.ts';
import type { DeadReason } from './verdict.ts';

/** The queue that the messages came from, and the one where they end if nothing else helps. */
export interface NotificationQueue {
  /** Hides a message for so many seconds from now. */
  putOff(message: QueuedMessage, seconds: number): Promise<void>;
  /** Puts a copy of a message where people will look at it. */
  bury(message: QueuedMessage, reason: DeadReason): Promise<void>;
}

/** What an attribute may hold, and as much of it as anybody reads. */
const longestReason = 2000;

/** The two queues on SQS. */
export function sqsNotificationQueue(
  client: SQSClient,
  urls: { queue: string; deadLetters: string },
): NotificationQueue {
  return {
    async putOff({ receiptHandle }, seconds) {
      await client.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: urls.queue,
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: seconds,
        }),
      );
    },
    async bury({ body }, { code, message }) {
      await client.send(
        new SendMessageCommand({
          QueueUrl: urls.deadLetters,
          // The body stays as it was, so that the message can be sent on once the fault is mended.
          MessageBody: body,
          MessageAttributes: {
            code: { DataType: 'String', StringValue: code },
            reason: { DataType: 'String', StringValue: visible(message).slice(0, longestReason) },
          },
        }),
      );
    },
  };
}
