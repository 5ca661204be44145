import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import {
  type Job,
  metricNamespace,
  metrics,
  stateKeys,
} from '../../functions/shared/contract/index.ts';
import { atLeastOne, ring } from './alarms.ts';

export interface AgentAlarmsProps {
  deployment: string;
  agent: AgentConfig;
  topic: ITopic;
}

/**
 * The alarms of one agent. Three at most for its syncs (they fail, they are blocked by a guard, they
 * have stopped succeeding) and four for its snapshots, because each costs ten cents a month.
 *
 * A drain that fails needs none: its drops come again, and what cannot be delivered ends in a
 * dead-letter queue. A retention that fails tries again after the next snapshot, and meanwhile there
 * are too many snapshots, not too few.
 */
export class AgentAlarms extends Construct {
  constructor(scope: Construct, id: string, props: AgentAlarmsProps) {
    super(scope, id);
    const { agent } = props;
    const { name } = agent;
    if (agent.sync.provider !== 'off') {
      this.onCount('Failed', props, 'sync', `A sync of agent ${name} failed.`);
      const blocked = `A guard blocked a sync of agent ${name} before it changed anything.`;
      this.onCount('Blocked', props, 'sync', blocked);
      this.onSilence('Silent', props, 'sync', hoursOfSilence(agent));
    }
    if (!agent.backup.enabled) return;
    const failed = `A backup of agent ${name} failed: there is no new snapshot.`;
    this.onCount('BackupFailed', props, 'backup', failed);
    this.onSilence('BackupSilent', props, 'backup', hoursWithoutBackup(agent));
    const bad = `A snapshot of agent ${name} could not be verified: it may not restore.`;
    this.onCount('VerifyFailed', props, 'verify', bad);
    const held = `A snapshot of agent ${name} looks strange: nothing is pruned until somebody confirms.`;
    this.onCount('PruneBlocked', props, 'prune', held);
  }

  private onCount(id: string, props: AgentAlarmsProps, job: WatchedJob, what: string): void {
    ring(this, id, props.topic, {
      alarmDescription: `${what} ${where(props.agent, job)}`,
      metric: runCount(props, job, outcomes[id] ?? metrics.failed, Duration.minutes(5)),
      ...atLeastOne,
    });
  }

  private onSilence(
    id: string,
    props: AgentAlarmsProps,
    job: WatchedJob,
    hours: number | undefined,
  ): void {
    if (hours === undefined) return;
    const what = `No ${job} of agent ${props.agent.name} has succeeded for ${hours} h.`;
    ring(this, id, props.topic, {
      alarmDescription: `${what} ${where(props.agent, job)}`,
      metric: runCount(props, job, metrics.succeeded, Duration.hours(1)),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 1,
      evaluationPeriods: hours,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }
}

type WatchedJob = Extract<Job, 'sync' | 'backup' | 'verify' | 'prune'>;

const outcomes: Record<string, string> = {
  Blocked: metrics.blocked,
  PruneBlocked: metrics.blocked,
};

function where({ name }: AgentConfig, job: WatchedJob): string {
  return `The report is ${stateKeys.status(name, job)} in the state bucket.`;
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

/**
 * After how many hours without a new snapshot something is wrong: one interval and the longest that
 * one backup may take, and an hour because periods begin on the hour. Two intervals would be
 * friendlier, and a day too late for somebody who needs yesterday's files. None where the interval
 * alone is longer than an alarm can look back.
 */
export function hoursWithoutBackup({ backup }: AgentConfig): number | undefined {
  if (backup.interval >= mostHours * 3600) return undefined;
  return Math.min(Math.ceil((backup.interval + backup.timeout) / 3600) + 1, mostHours);
}

function runCount(
  { deployment, agent }: AgentAlarmsProps,
  job: WatchedJob,
  metricName: string,
  period: Duration,
): Metric {
  return new Metric({
    namespace: metricNamespace,
    metricName,
    dimensionsMap: { Deployment: deployment, Agent: agent.name, Job: job },
    statistic: Stats.SUM,
    period,
  });
}
