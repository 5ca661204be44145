import { Aws, Duration } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule, type CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import type { JobRequest } from '../../functions/shared/contract/index.ts';
import type { JobFunction } from './job-function.ts';
import { allow } from './permissions.ts';
import { DeadLetterQueue, type WorkQueue } from './queues.ts';

/** The jobs that agents have schedules for. */
export type ScheduledJob = 'sync' | 'backup' | 'verify';

export interface SchedulerProps {
  group: CfnScheduleGroup;
  functions: Record<ScheduledJob, JobFunction>;
  drops: WorkQueue;
}

/** What EventBridge Scheduler may do for a set of agents, and where it leaves what it could not. */
export class Scheduler extends Construct {
  readonly groupName: string;
  readonly role: Role;
  readonly dead: DeadLetterQueue;
  readonly functionArns: Record<ScheduledJob, string>;
  readonly dropQueueArn: string;

  constructor(scope: Construct, id: string, { group, functions, drops }: SchedulerProps) {
    super(scope, id);
    this.groupName = group.ref;
    const { sync, backup, verify } = functions;
    this.functionArns = {
      sync: sync.function.functionArn,
      backup: backup.function.functionArn,
      verify: verify.function.functionArn,
    };
    this.dropQueueArn = drops.queue.queueArn;
    this.dead = new DeadLetterQueue(this, 'Dead');
    this.role = new Role(this, 'Role', {
      assumedBy: schedulesOf(group),
      description: 'Starts runs and sweeps on schedule',
    });
    allow(this.role, [
      { actions: ['lambda:InvokeFunction'], resources: Object.values(this.functionArns) },
      { actions: ['sqs:SendMessage'], resources: [this.dropQueueArn, this.dead.queueArn] },
    ]);
  }
}

/** The scheduler on behalf of this group alone: nobody else's schedule can borrow the role. */
function schedulesOf(group: CfnScheduleGroup): ServicePrincipal {
  return new ServicePrincipal('scheduler.amazonaws.com', {
    conditions: {
      StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID, 'aws:SourceArn': group.attrArn },
    },
  });
}

/** A job that is done for one agent again and again. */
export interface Recurrence {
  job: ScheduledJob;
  /** Seconds between its runs. */
  interval: number;
}

/** What an agent's configuration asks for on schedule. */
export function recurrences({ sync, backup }: AgentConfig): Recurrence[] {
  // Without a cloud folder there is nothing to synchronise: drops need no schedule of their own.
  const syncs = sync.provider === 'off' ? 0 : sync.interval;
  const all: Recurrence[] = [
    { job: 'sync', interval: syncs },
    { job: 'backup', interval: backup.enabled ? backup.interval : 0 },
    { job: 'verify', interval: backup.enabled ? backup.verifyInterval : 0 },
  ];
  return all.filter(({ interval }) => interval > 0);
}

/** Starts a job for one agent at its interval. */
export class AgentSchedule extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { scheduler, agent, job, interval }: Recurrence & { scheduler: Scheduler; agent: string },
  ) {
    super(scope, id);
    const request: JobRequest = { job, agent, trigger: 'schedule' };
    new CfnSchedule(this, 'Schedule', {
      ...every(Duration.minutes(Math.ceil(interval / 60))),
      description: `${id} of agent ${agent}`,
      groupName: scheduler.groupName,
      target: target(scheduler, scheduler.functionArns[job], request, interval),
    });
  }
}

/**
 * Has the drain look into every outbox of its agents: S3 delivers nearly every event, and a drop
 * whose event was lost must not wait for the next one.
 */
export class Sweep extends Construct {
  constructor(scope: Construct, id: string, scheduler: Scheduler) {
    super(scope, id);
    const interval = Duration.minutes(5);
    new CfnSchedule(this, 'Schedule', {
      ...every(interval),
      description: 'Looks for drops whose event was lost',
      groupName: scheduler.groupName,
      target: target(scheduler, scheduler.dropQueueArn, { sweep: true }, interval.toSeconds()),
    });
  }
}

/** Has the status files written again, so that none is older than the interval. */
export class Refresh extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { scheduler, functionArn }: { scheduler: Scheduler; functionArn: string },
  ) {
    super(scope, id);
    const interval = Duration.minutes(5);
    new CfnSchedule(this, 'Schedule', {
      ...every(interval),
      description: 'Tells agents how they are',
      groupName: scheduler.groupName,
      target: quietTarget(scheduler, functionArn, { refresh: true }, interval.toSeconds()),
    });
  }
}

function every(interval: Duration): Pick<CfnSchedule, 'scheduleExpression' | 'flexibleTimeWindow'> {
  const minutes = interval.toMinutes();
  return {
    scheduleExpression: `rate(${minutes} ${minutes === 1 ? 'minute' : 'minutes'})`,
    flexibleTimeWindow: { mode: 'OFF' },
  };
}

/** A call that is not worth more than its interval: then the next one is due. */
function target(
  scheduler: Scheduler,
  arn: string,
  input: object,
  intervalSeconds: number,
): CfnSchedule.TargetProperty {
  return {
    ...quietTarget(scheduler, arn, input, intervalSeconds),
    deadLetterConfig: { arn: scheduler.dead.queueArn },
  };
}

/** One that is made up for by the next where it is missed, and is nobody's dead letter. */
function quietTarget(
  { role }: Scheduler,
  arn: string,
  input: object,
  intervalSeconds: number,
): CfnSchedule.TargetProperty {
  return {
    arn,
    roleArn: role.roleArn,
    input: JSON.stringify(input),
    retryPolicy: {
      maximumRetryAttempts: 2,
      maximumEventAgeInSeconds: Math.min(Math.max(intervalSeconds, 60), 3600),
    },
  };
}
