import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import {
  hoursOfSilence,
  hoursWithoutBackup,
  oldestVerified,
} from '../../functions/shared/config/patience.ts';
import {
  type Job,
  metricNamespace,
  metrics,
  type RunbookAnchor,
  runbookAnchors,
  stateKeys,
} from '../../functions/shared/contract/index.ts';
import { atLeastOne, type Bell, ring } from './alarms.ts';

export interface AgentAlarmsProps {
  deployment: string;
  agent: AgentConfig;
  bell: Bell;
}

/**
 * The alarms of one agent. Three at most for its syncs (they fail, they are blocked by a guard, they
 * have stopped succeeding) and five for its snapshots, because each costs ten cents a month.
 *
 * Every job that has a schedule is watched for silence: syncs and backups by their successes,
 * verifications by the age of the newest snapshot that passed one, or of the first where none is good.
 * A drain has none, and needs no alarm when it fails: its drops come again, and what cannot be
 * delivered ends in a dead-letter queue.
 * A retention that fails tries again after the next snapshot, and meanwhile there are too many
 * snapshots, not too few. A restore is started by somebody who waits for its answer.
 */
export class AgentAlarms extends Construct {
  constructor(scope: Construct, id: string, props: AgentAlarmsProps) {
    super(scope, id);
    const { agent } = props;
    const { name } = agent;
    if (agent.sync.provider !== 'off') {
      const failed = `A sync of agent ${name} failed.`;
      this.onCount('Failed', props, 'sync', failed, runbookAnchors.syncFailed);
      const blocked = `A guard blocked a sync of agent ${name} before it changed anything.`;
      this.onCount('Blocked', props, 'sync', blocked, runbookAnchors.syncBlocked);
      this.onSilence('Silent', props, 'sync', hoursOfSilence(agent));
    }
    if (!agent.backup.enabled) return;
    const failed = `A backup of agent ${name} failed: there is no new snapshot.`;
    this.onCount('BackupFailed', props, 'backup', failed, runbookAnchors.backupFailed);
    this.onSilence('BackupSilent', props, 'backup', hoursWithoutBackup(agent));
    const bad = `A snapshot of agent ${name} could not be verified: it may not restore.`;
    this.onCount('VerifyFailed', props, 'verify', bad, runbookAnchors.verifyFailed);
    this.onAge(props);
    const held = `A snapshot of agent ${name} looks strange: nothing is pruned until somebody confirms.`;
    this.onCount('PruneBlocked', props, 'prune', held, runbookAnchors.pruneBlocked);
  }

  private onCount(
    id: string,
    props: AgentAlarmsProps,
    job: WatchedJob,
    what: string,
    runbook: RunbookAnchor,
  ): void {
    ring(this, id, props.bell, {
      // It watches an event, and no state: five minutes later it is over, mended or not.
      what: `${what} This alarm ends minutes later, mended or not. ${where(props.agent, job)}`,
      runbook,
      metric: runCount(props, job, outcomes[id] ?? metrics.failed, Duration.minutes(5)),
      ...atLeastOne,
    });
  }

  private onSilence(
    id: string,
    props: AgentAlarmsProps,
    job: SilentJob,
    hours: number | undefined,
  ): void {
    if (hours === undefined) return;
    const what = `No ${job} of agent ${props.agent.name} has succeeded for ${hours} h.`;
    ring(this, id, props.bell, {
      what: `${what} ${where(props.agent, job)}`,
      runbook: silences[job],
      metric: runCount(props, job, metrics.succeeded, Duration.hours(1)),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 1,
      evaluationPeriods: hours,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }

  private onAge({ deployment, agent, bell }: AgentAlarmsProps): void {
    const seconds = oldestVerified(agent);
    if (seconds === undefined) return;
    ring(this, 'VerifiedTooOld', bell, {
      what:
        `The newest snapshot of agent ${agent.name} that passed a verification is more than ` +
        `${Math.round(seconds / 3600)} h old, or none is known to be good though the first is that old. ${where(agent, 'verify')}`,
      runbook: runbookAnchors.verifiedTooOld,
      metric: new Metric({
        namespace: metricNamespace,
        metricName: metrics.verifiedAge,
        dimensionsMap: { Deployment: deployment, Agent: agent.name },
        statistic: Stats.MAXIMUM,
        period: Duration.minutes(15),
      }),
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      threshold: seconds,
      evaluationPeriods: 1,
      // Nobody having looked says nothing of the snapshot, neither good nor bad.
      treatMissingData: TreatMissingData.IGNORE,
    });
  }
}

type SilentJob = Extract<Job, 'sync' | 'backup'>;

const silences: Record<SilentJob, RunbookAnchor> = {
  sync: runbookAnchors.syncSilent,
  backup: runbookAnchors.backupSilent,
};

type WatchedJob = Extract<Job, 'sync' | 'backup' | 'verify' | 'prune'>;

const outcomes: Record<string, string> = {
  Blocked: metrics.blocked,
  PruneBlocked: metrics.blocked,
};

function where({ name }: AgentConfig, job: WatchedJob): string {
  return `The report is ${stateKeys.status(name, job)} in the state bucket.`;
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
