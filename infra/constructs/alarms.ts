import { ArnFormat, Aws, Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  MathExpression,
  Metric,
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
import {
  metricNamespace,
  metrics,
  type RunbookAnchor,
  runbookAnchors,
} from '../../functions/shared/contract/index.ts';
import type { JobFunction } from './job-function.ts';

/** Where alarms are announced, and what they tell people to read. */
export interface Bell {
  topic: ITopic;
  /** Address or path of the runbook. */
  runbookUrl: string;
}

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
    { queue, bell, ...message }: Message & { queue: IQueue; bell: Bell },
  ) {
    super(scope, id);
    const what = `${message.what} Queue: ${queue.queueName}.`;
    ring(this, 'Alarm', bell, {
      ...message,
      what,
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

/** What an alarm says to people. */
export interface Message {
  /** What is wrong, in sentences. */
  what: string;
  /** The heading of the runbook about it. */
  runbook: RunbookAnchor;
}

/**
 * An alarm that is announced when it begins and when it is over; its text ends with a link to what
 * to do.
 */
export function ring(
  scope: Construct,
  id: string,
  { topic, runbookUrl }: Bell,
  { what, runbook, ...props }: Message & Omit<AlarmProps, 'alarmDescription'> & { metric: IMetric },
): void {
  const alarmDescription = `${what} What to do: ${runbookUrl}#${runbook}`;
  const alarm = new Alarm(scope, id, { ...props, alarmDescription });
  alarm.addAlarmAction(new SnsAction(topic));
  alarm.addOkAction(new SnsAction(topic));
}

/**
 * Rings when functions have been throttled for a quarter of an hour.
 *
 * No function here has a share of the account's concurrency of its own, so what throttles one
 * throttles all: the two that are called most, every five minutes at least, speak for the set. All
 * seven would cost five times as much, and a function that somebody has stopped by a limit of zero
 * would ring for ever. Lambda tries throttled calls again for hours: nothing is lost yet.
 */
export class ThrottleAlarm extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { functions, bell }: { functions: Record<'sync' | 'drain', JobFunction>; bell: Bell },
  ) {
    super(scope, id);
    const period = Duration.minutes(5);
    const throttles = ({ function: of }: JobFunction): IMetric =>
      of.metricThrottles({ period, statistic: Stats.SUM });
    ring(this, 'Alarm', bell, {
      what: 'Lambda has throttled runs for 15 minutes: the concurrency of the account is used up.',
      runbook: runbookAnchors.throttled,
      metric: new MathExpression({
        expression: 'sync + drain',
        usingMetrics: { sync: throttles(functions.sync), drain: throttles(functions.drain) },
        label: 'throttled calls',
        period,
      }),
      ...atLeastOne,
      evaluationPeriods: 3,
    });
  }
}

/** Rings while the monthly cap holds everything but backups back. */
export class PausedAlarm extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { deployment, cap, bell }: { deployment: string; cap: number; bell: Bell },
  ) {
    super(scope, id);
    ring(this, 'Alarm', bell, {
      what: `Runs have used this month's cap of $${cap}, as estimated: nothing but backups runs.`,
      runbook: runbookAnchors.paused,
      metric: deploymentMetric(deployment, metrics.paused, {
        // The gauge comes every five minutes while it lasts; a late one must not look like the end.
        period: Duration.minutes(10),
        statistic: Stats.MAXIMUM,
      }),
      ...atLeastOne,
    });
  }
}

/** A metric that concerns the whole deployment. */
export function deploymentMetric(
  deployment: string,
  metricName: string,
  { period, statistic }: { period: Duration; statistic: string },
): Metric {
  return new Metric({
    namespace: metricNamespace,
    metricName,
    dimensionsMap: { Deployment: deployment },
    statistic,
    period,
  });
}
