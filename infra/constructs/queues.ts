import { Duration } from 'aws-cdk-lib';
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './nag.ts';

const sealed = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true } satisfies QueueProps;

/**
 * Where messages go that nobody could handle. They stay for 14 days, the longest that SQS allows,
 * and an alarm rings on the first one.
 */
export class DeadLetterQueue extends Queue {
  constructor(scope: Construct, id: string) {
    super(scope, id, { ...sealed, retentionPeriod: Duration.days(14) });
    acknowledge(this, 'SQS3', 'This is itself a dead-letter queue.');
  }
}

export interface WorkQueueProps {
  /** Must be longer than the consumer may take: a message in work must not appear again. */
  visibilityTimeout: Duration;
  /** Deliveries after which a message is given up and moved to the dead-letter queue. */
  maxReceiveCount: number;
}

/** A queue that a function consumes, with the queue for what it could not handle. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly dead: DeadLetterQueue;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    this.dead = new DeadLetterQueue(this, 'Dead');
    this.queue = new Queue(this, 'Queue', {
      ...sealed,
      visibilityTimeout: props.visibilityTimeout,
      // A dead letter's age counts from the day it was first sent: ten days are left to look at it.
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.dead, maxReceiveCount: props.maxReceiveCount },
    });
  }
}
