import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { dropPrefix } from '../../functions/shared/contract/index.ts';
import type { JobFunction } from './job-function.ts';
import { type Agents, valueLists } from './matching.ts';
import { WorkQueue } from './queues.ts';

/**
 * The queue between a drop and its drain. Without it, an event that comes while the function is
 * throttled or broken would be lost after two tries.
 */
export class DropQueue extends WorkQueue {
  constructor(scope: Construct, id: string, drainTimeout: Duration) {
    super(scope, id, {
      // AWS advises six times the function's timeout, so that throttled pollers do not use up the
      // tries. Here a drop should come again soon: the handler shortens the wait of what it cannot
      // deliver yet, and twenty tries are plenty: one that only waits for a drain at work leaves that
      // to the sweep before.
      visibilityTimeout: drainTimeout.plus(Duration.minutes(1)),
      maxReceiveCount: 20,
    });
  }
}

export interface DropIntakeProps {
  exchange: Bucket;
  drops: DropQueue;
  drain: JobFunction;
  agents: Agents;
}

/** Takes what is dropped into the exchange bucket to the queue, and from there to the drain. */
export class DropIntake extends Construct {
  constructor(scope: Construct, id: string, { exchange, drops, drain, agents }: DropIntakeProps) {
    super(scope, id);
    const target = new SqsQueue(drops.queue, { deadLetterQueue: drops.dead });
    const lists = valueLists<object>(agents, { wildcard: dropKeys('*') }, (agent) => ({
      prefix: dropPrefix(agent),
    }));
    for (const [index, key] of lists.entries()) {
      new Rule(this, `Rule${index || ''}`, {
        description: 'Drops for agents',
        // S3 sends its events to the default bus and no other.
        eventPattern: {
          source: ['aws.s3'],
          detailType: ['Object Created'],
          detail: { bucket: { name: [exchange.bucketName] }, object: { key } },
        },
        targets: [target],
      });
    }
    const mapping = new EventSourceMapping(this, 'Mapping', {
      target: drain.function,
      eventSourceArn: drops.queue.queueArn,
      // Larger batches need a window of at least a second, which every single drop would wait for.
      batchSize: 10,
      reportBatchItemFailures: true,
      // Each agent is drained by one run at a time; more pollers would only find leases taken.
      maxConcurrency: 10,
    });
    // Lambda looks whether the role may read the queue.
    mapping.node.addDependency(drain.role);
  }
}

function dropKeys(agent: string): string {
  return `${dropPrefix(agent)}*`;
}
