import { ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, test } from 'vitest';
import { messagesOf } from '../../../functions/notify/event.ts';
import { sqsNotificationQueue } from '../../../functions/shared/notification/queue.ts';
import { message } from './world.ts';

const client = new SQSClient({ region: 'eu-west-1' });
const aws = mockClient(client);
const queue = sqsNotificationQueue(client, {
  queue: 'https://queue',
  deadLetters: 'https://dead',
});

beforeEach(() => {
  aws.reset();
});

test('puts a message off by its receipt handle', async () => {
  await queue.putOff(message('1', ['a']), 60);
  expect(aws.commandCalls(ChangeMessageVisibilityCommand)[0]?.args[0].input).toEqual({
    QueueUrl: 'https://queue',
    ReceiptHandle: 'handle-of-1',
    VisibilityTimeout: 60,
  });
});

test('buries the body as it was, with a reason that an attribute can hold', async () => {
  await queue.bury(message('1', ['a']), { code: 'c', message: `bad \u009b${'x'.repeat(5000)}` });
  const input = aws.commandCalls(SendMessageCommand)[0]?.args[0].input;
  expect(input).toMatchObject({
    QueueUrl: 'https://dead',
    MessageBody: message('1', ['a']).body,
    MessageAttributes: { code: { DataType: 'String', StringValue: 'c' } },
  });
  const reason = input?.MessageAttributes?.['reason']?.StringValue;
  expect(reason).toMatch(/^bad \\u009bx+$/u);
  expect(reason).toHaveLength(2000);
});

test('reads the messages of an SQS event', () => {
  const event = {
    Records: [
      {
        messageId: 'm1',
        receiptHandle: 'h1',
        body: '{}',
        attributes: { ApproximateReceiveCount: '3', SentTimestamp: '1795341600000' },
        messageAttributes: {},
        md5OfBody: '',
        eventSource: 'aws:sqs',
        eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:queue',
        awsRegion: 'eu-west-1',
      },
    ],
  };
  expect(messagesOf(event)).toEqual([
    { id: 'm1', receiptHandle: 'h1', body: '{}', sentAt: 1_795_341_600_000 },
  ]);
});

test('refuses an event that is not from a queue', () => {
  expect(() => messagesOf({ detail: {} })).toThrow('Records');
});
