import { Duration } from 'aws-cdk-lib';
import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { type Code, EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { environment, metrics, runbookAnchors } from '../../functions/shared/contract/index.ts';
import { atLeastOne, type Bell, DeadLetterAlarm, deploymentMetric, ring } from './alarms.ts';
import { JobFunction, type Runtimes } from './job-function.ts';
import { notifyGrants } from './permissions.ts';
import { WorkQueue } from './queues.ts';

/** A post times out after 20 s; a batch of them has to be put away in a minute. */
const timeout = Duration.seconds(60);

/**
 * The queue of what agents have to be told. A webhook that is down delays its own messages and
 * nothing else: no run waits for it or fails because of it.
 */
export class NotificationQueue extends WorkQueue {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      visibilityTimeout: timeout.plus(timeout),
      // The handler waits for a gateway by making a message invisible for longer and longer; each
      // wait counts as a receipt. A hundred last for days; the handler gives up before that.
      maxReceiveCount: 100,
    });
  }
}

export interface NotificationsProps {
  runtimes: Runtimes;
  notifications: NotificationQueue;
  code: Code;
  bell: Bell;
}

/** Posts to agents' webhooks: the only function that may read their secrets. */
export class Notifications extends Construct {
  readonly notify: JobFunction;

  constructor(scope: Construct, id: string, props: NotificationsProps) {
    super(scope, id);
    const { runtimes, code, bell } = props;
    const { queue, dead } = props.notifications;
    this.notify = new JobFunction(this, 'Notify', {
      name: 'notify',
      runtimes,
      code,
      timeout,
      memorySize: 256,
      environment: {
        [environment.notificationQueue]: queue.queueUrl,
        [environment.deadNotificationQueue]: dead.queueUrl,
      },
      grants: notifyGrants({
        ...runtimes,
        notificationQueue: queue,
        deadNotificationQueue: dead,
      }),
      description: 'Tells agents through their webhooks what has arrived',
    });
    const mapping = new EventSourceMapping(this, 'Mapping', {
      target: this.notify.function,
      eventSourceArn: queue.queueArn,
      batchSize: 10,
      reportBatchItemFailures: true,
      // The least that SQS allows: gateways are small machines.
      maxConcurrency: 2,
    });
    mapping.node.addDependency(this.notify.role);
    new DeadLetterAlarm(this, 'Dead', {
      queue: dead,
      bell,
      what: 'Notifications could not be posted; the files are in the inboxes.',
      runbook: runbookAnchors.deadNotifications,
    });
    // Long before a notification is given up: for an hour no third of it went by without a failure.
    ring(this, 'Failing', bell, {
      what: 'A webhook has not taken notifications for an hour; the files are in the inboxes.',
      runbook: runbookAnchors.webhookFailing,
      metric: deploymentMetric(runtimes.deployment, metrics.notificationDelayed, {
        period: Duration.minutes(20),
        statistic: Stats.SUM,
      }),
      ...atLeastOne,
      evaluationPeriods: 3,
    });
  }
}
