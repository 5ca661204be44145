import { Duration } from 'aws-cdk-lib';
import { type IRuleTarget, Match, Rule } from 'aws-cdk-lib/aws-events';
import { EventInvokeConfig } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import { environment, eventSources, eventTypes } from '../../functions/shared/contract/index.ts';
import type { AgentSetProps } from './agent-set.ts';
import { JobFunction } from './job-function.ts';
import { allow, statusGrants } from './permissions.ts';
import { agentDetails, letBusInvoke } from './run-requests.ts';
import { Refresh, type Scheduler } from './schedules.ts';
import { setName } from './workspace-mount.ts';

export interface StatusFunctionProps extends AgentSetProps {
  scheduler: Scheduler;
  /** Queues of what nobody could handle, whose messages it counts. */
  dead: Record<'drops' | 'schedules' | 'requests' | 'notifications', IQueue>;
}

/**
 * The function that says how the agents of a set are, and keeps the status file in their workspaces up
 * to date: after each run in which something happened, and every five minutes.
 *
 * It is no job: it leaves no report, and nothing rings when it fails. Five minutes later it tries again.
 */
export class StatusFunction extends Construct {
  readonly job: JobFunction;

  constructor(scope: Construct, id: string, props: StatusFunctionProps) {
    super(scope, id);
    this.job = makeFunction(scope, props);
    const { function: fn } = this.job;
    const config = new EventInvokeConfig(this, 'Invocations', { function: fn, retryAttempts: 0 });
    config.node.addDependency(this.job.role);
    letBusInvoke(this, 'Permission', this.job, props.runtimes.bus);
    this.followRuns(props);
    // Also where nothing has a schedule: drops come all the same, and count against the monthly cap.
    const { scheduler } = props;
    allow(scheduler.role, [{ actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] }]);
    new Refresh(this, 'Refresh', { scheduler, functionArn: fn.functionArn });
  }

  private followRuns({ runtimes, match }: StatusFunctionProps): void {
    for (const [index, { agent }] of agentDetails(match, roomForAgents).entries()) {
      new Rule(this, `Runs${index || ''}`, {
        eventBus: runtimes.bus,
        description: 'Runs that have ended and changed something',
        eventPattern: { ...ended, detail: { ...ended.detail, ...(agent && { agent }) } },
        targets: [quietTarget(this.job)],
      });
    }
  }
}

function makeFunction(set: Construct, props: StatusFunctionProps): JobFunction {
  const { runtimes, agents, mount, dead, notifications } = props;
  const granted = {
    ...runtimes,
    notificationQueue: notifications.queue,
    deadNotificationQueue: notifications.dead,
  };
  return new JobFunction(set, 'Status', {
    name: 'status',
    set: mount && setName(mount),
    runtimes,
    code: props.code('status', agents),
    // Behind some workspaces an rclone has to start, and the next refresh comes in five minutes.
    timeout: Duration.minutes(4),
    memorySize: 512,
    environment: {
      [environment.workspaceBucket]: runtimes.buckets.workspace.bucketName,
      [environment.s3Provider]: runtimes.s3Provider,
      [environment.deadDropQueue]: dead.drops.queueUrl,
      [environment.deadScheduleQueue]: dead.schedules.queueUrl,
      [environment.deadRequestQueue]: dead.requests.queueUrl,
      [environment.deadNotificationQueue]: dead.notifications.queueUrl,
    },
    layers: needsRclone(agents) ? [props.rclone] : [],
    grants: statusGrants(granted, agents, Object.values(dead)),
    mount: mount && { workspace: mount, access: 'write' },
    description: 'Says how agents are, and tells the agents themselves',
  });
}

function needsRclone(agents: readonly AgentConfig[]): boolean {
  return agents.some(({ workspace }) => workspace.kind === 'remote');
}

const some = [{ numeric: ['>', 0] }];

/** A sync that found nothing to do says nothing new, and comes every few minutes. */
const ended = {
  source: [eventSources.own],
  detailType: Match.anyOf(
    ...[eventTypes.completed, eventTypes.blocked, eventTypes.failed].map((end) =>
      Match.suffix(` ${end}`),
    ),
  ),
  detail: {
    $or: [
      { job: [{ 'anything-but': 'sync' }] },
      { state: [{ 'anything-but': 'succeeded' }] },
      { trigger: ['manual'] },
      { filesSent: some },
      { filesReceived: some },
      { filesDeleted: some },
      { filesDelivered: some },
    ],
  },
};

/** The pattern is long: less room than elsewhere is left for the names of agents. */
const roomForAgents = 1_300;

/** What is not delivered is made up for by the next refresh: it is nobody's dead letter. */
function quietTarget({ function: fn }: JobFunction): IRuleTarget {
  return {
    bind: () => ({
      arn: fn.functionArn,
      targetResource: fn,
      retryPolicy: { maximumRetryAttempts: 1, maximumEventAgeInSeconds: 300 },
    }),
  };
}
