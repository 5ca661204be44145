import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { environment, type DeadLetters } from '../contract/index.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { SharedRecords } from './records.ts';

const queues: Record<DeadLetters['queue'], string> = {
  drops: environment.deadDropQueue,
  schedules: environment.deadScheduleQueue,
  requests: environment.deadRequestQueue,
  notifications: environment.deadNotificationQueue,
};

/** Counts what waits for a person, by queue; a queue that does not answer is named. */
export async function countDeadLetters(
  runtime: Runtime,
): Promise<Pick<SharedRecords, 'deadLetters' | 'unreadable'>> {
  const deadLetters: DeadLetters[] = [];
  const unreadable: string[] = [];
  const names = Object.keys(queues) as DeadLetters['queue'][];
  await Promise.all(
    names.map(async (queue) => {
      const url = runtime.env[queues[queue]];
      if (url === undefined) return;
      try {
        const messages = await messagesIn(runtime, url);
        if (messages > 0) deadLetters.push({ queue, messages });
      } catch (error) {
        runtime.log.warn('a queue of dead letters does not answer', { queue, error });
        unreadable.push(`the queue of dead letters for ${queue}`);
      }
    }),
  );
  deadLetters.sort((a, b) => names.indexOf(a.queue) - names.indexOf(b.queue));
  return { deadLetters, unreadable };
}

async function messagesIn({ sqs }: Runtime, QueueUrl: string): Promise<number> {
  const AttributeNames = ['ApproximateNumberOfMessages' as const];
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames }),
  );
  return Number(Attributes?.ApproximateNumberOfMessages ?? 0);
}
