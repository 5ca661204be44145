import { ArnFormat, Aws, Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
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
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import { metricNamespace, metrics } from '../../functions/shared/contract/index.ts';

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

/**
 * The alarms of one agent: its runs fail, its runs are blocked by a guard, its runs have stopped
 * succeeding. Three at most, because each costs ten cents a month. A drain that fails needs none:
 * its drops come again, and what cannot be delivered ends in a dead-letter queue.
 */
export class AgentAlarms extends Construct {
  constructor(scope: Construct, id: string, props: AgentAlarmsProps) {
    super(scope, id);
    const { agent, topic } = props;
    const count = (name: string, period: Duration): Metric => runCount(props, name, period);
    ring(this, 'Failed', topic, {
      alarmDescription: `A sync of agent ${agent.name} failed.`,
      metric: count(metrics.failed, Duration.minutes(5)),
      ...atLeastOne,
    });
    ring(this, 'Blocked', topic, {
      alarmDescription: `A guard blocked a sync of agent ${agent.name} before it changed anything.`,
      metric: count(metrics.blocked, Duration.minutes(5)),
      ...atLeastOne,
    });
    const hours = hoursOfSilence(agent);
    if (hours === undefined) return;
    ring(this, 'Silent', topic, {
      alarmDescription: `No sync of agent ${agent.name} has succeeded for ${hours} h.`,
      metric: count(metrics.succeeded, Duration.hours(1)),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 1,
      evaluationPeriods: hours,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }
}

export interface AgentAlarmsProps {
  deployment: string;
  agent: AgentConfig;
  topic: ITopic;
}

/** CloudWatch looks back seven days at most. */
const mostHours = 7 * 24;

/**
 * After how many hours without success an agent is silent: three intervals, or as long as one
 * interval and one run may take, at least one hour. None without a schedule, and none where the
 * interval alone is longer than an alarm can look back.
 */
export function hoursOfSilence({ sync }: AgentConfig): number | undefined {
  if (sync.interval === 0 || sync.interval >= mostHours * 3600) return undefined;
  const patience = Math.max(3 * sync.interval, sync.interval + sync.timeout, 3600);
  return Math.min(Math.ceil(patience / 3600), mostHours);
}

function runCount({ deployment, agent }: AgentAlarmsProps, name: string, period: Duration): Metric {
  return new Metric({
    namespace: metricNamespace,
    metricName: name,
    dimensionsMap: { Deployment: deployment, Agent: agent.name, Job: 'sync' },
    statistic: Stats.SUM,
    period,
  });
}

const atLeastOne = {
  comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  threshold: 1,
  evaluationPeriods: 1,
  treatMissingData: TreatMissingData.NOT_BREACHING,
};

function ring(
  scope: Construct,
  id: string,
  topic: ITopic,
  props: AlarmProps & { metric: IMetric },
): void {
  const alarm = new Alarm(scope, id, props);
  alarm.addAlarmAction(new SnsAction(topic));
  alarm.addOkAction(new SnsAction(topic));
}
