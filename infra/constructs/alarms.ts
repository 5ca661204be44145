import { ArnFormat, Aws, Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  Stats,
  TreatMissingData,
  type AlarmProps,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

/**
 * Where every alarm of the deployment is announced.
 *
 * It is not encrypted at rest: an alarm cannot publish to a topic under AWS's own key, and a key of
 * our own would cost more than the deployment. What it carries is the names of alarms.
 */
export class AlarmTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, email: string | undefined) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', { enforceSSL: true });
    // A policy of its own replaces the one that would let the account's alarms in.
    this.topic.grantPublish(alarmsOfThisAccount(this));
    if (email !== undefined) this.topic.addSubscription(new EmailSubscription(email));
  }
}

function alarmsOfThisAccount(scope: Construct): ServicePrincipal {
  const everyAlarm = Stack.of(scope).formatArn({
    service: 'cloudwatch',
    resource: 'alarm',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  return new ServicePrincipal('cloudwatch.amazonaws.com', {
    conditions: {
      StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
      ArnLike: { 'aws:SourceArn': everyAlarm },
    },
  });
}

/** Rings as long as something lies in a dead-letter queue. */
export class DeadLetterAlarm extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { queue, topic, what }: { queue: IQueue; topic: ITopic; what: string },
  ) {
    super(scope, id);
    ring(this, 'Alarm', topic, {
      alarmDescription: `${what} Queue: ${queue.queueName}`,
      metric: queue.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: Stats.MAXIMUM,
      }),
      ...atLeastOne,
    });
  }
}

/** Rings when something that should not happen has happened once. */
export const atLeastOne = {
  comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  threshold: 1,
  evaluationPeriods: 1,
  treatMissingData: TreatMissingData.NOT_BREACHING,
};

/** An alarm that is announced when it begins and when it is over. */
export function ring(
  scope: Construct,
  id: string,
  topic: ITopic,
  props: AlarmProps & { metric: IMetric },
): void {
  const alarm = new Alarm(scope, id, props);
  alarm.addAlarmAction(new SnsAction(topic));
  alarm.addOkAction(new SnsAction(topic));
}
