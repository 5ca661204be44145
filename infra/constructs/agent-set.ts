import { Duration } from 'aws-cdk-lib';
import type { Code, ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import { environment } from '../../functions/shared/contract/index.ts';
import { DeadLetterAlarm } from './alarms.ts';
import { DropIntake, DropQueue } from './drop-intake.ts';
import { type FunctionName, JobFunction, type Runtimes } from './job-function.ts';
import type { Agents } from './matching.ts';
import type { NotificationQueue } from './notifications.ts';
import { drainGrants, type Grant, type Granted, syncGrants } from './permissions.ts';
import { DeadLetterQueue } from './queues.ts';
import { RunRequests } from './run-requests.ts';
import { Scheduler, Sweep } from './schedules.ts';
import type { EfsWorkspace } from './workspace-mount.ts';

/** The code of a function that serves these agents. */
export type CodeFor = (name: FunctionName, agents: readonly AgentConfig[]) => Code;

/** The longest that Lambda allows: the fewer legs a run takes, the less is listed again. */
const longest = Duration.minutes(15);

/** What all sets of a deployment have in common. */
export interface SharedParts {
  runtimes: Runtimes;
  code: CodeFor;
  rclone: ILayerVersion;
  notifications: NotificationQueue;
  topic: ITopic;
  scheduleGroup: CfnScheduleGroup;
}

export interface AgentSetProps extends SharedParts {
  /** The agents that the functions of this set know. */
  agents: readonly AgentConfig[];
  /** How rules tell the set's agents from those of other sets. */
  match: Agents;
  /** Where the workspaces are, when the functions have to mount them. */
  mount?: EfsWorkspace;
}

/**
 * The functions that serve a set of agents, with everything that starts them. One set serves all
 * agents whose workspaces are reached over the network; a file system has to be mounted, and a
 * function mounts one, so each EFS access point has a set of its own.
 */
export class AgentSet extends Construct {
  readonly sync: JobFunction;
  readonly drain: JobFunction;
  readonly drops: DropQueue;
  readonly scheduler: Scheduler;

  constructor(scope: Construct, id: string, props: AgentSetProps) {
    super(scope, id);
    const { runtimes, match, agents } = props;
    const granted: Granted = {
      ...runtimes,
      notificationQueue: props.notifications.queue,
      deadNotificationQueue: props.notifications.dead,
    };
    this.drops = new DropQueue(this, 'Drops', longest);
    this.sync = mover(this, 'Sync', props, syncGrants(granted, agents));
    this.drain = mover(this, 'Drain', props, drainGrants(granted, agents, this.drops.queue), {
      [environment.dropQueue]: this.drops.queue.queueUrl,
    });
    const requests = new DeadLetterQueue(this, 'DeadRequests');
    new DropIntake(this, 'Intake', {
      exchange: runtimes.buckets.exchange,
      drops: this.drops,
      drain: this.drain,
      agents: match,
    });
    new RunRequests(this, 'Requests', {
      bus: runtimes.bus,
      sync: this.sync,
      agents: match,
      dead: requests,
    });
    this.scheduler = new Scheduler(this, 'Scheduler', {
      group: props.scheduleGroup,
      sync: this.sync,
      drops: this.drops,
    });
    new Sweep(this, 'Sweep', this.scheduler);
    watch(this, props.topic, requests);
  }
}

/** A function that moves files with rclone. */
function mover(
  set: AgentSet,
  id: 'Sync' | 'Drain',
  props: AgentSetProps,
  grants: Grant[],
  extraEnvironment: Record<string, string> = {},
): JobFunction {
  const name = id === 'Sync' ? 'sync' : 'drain';
  return new JobFunction(set, id, {
    name,
    runtimes: props.runtimes,
    code: props.code(name, props.agents),
    timeout: longest,
    // Memory buys CPU and network: at 1 GB a copy is bound by the other side.
    memorySize: 1024,
    environment: {
      ...moverEnvironment(props),
      ...extraEnvironment,
    },
    layers: [props.rclone],
    grants,
    mount: props.mount,
    description: descriptions[name],
  });
}

function moverEnvironment({ runtimes, notifications }: AgentSetProps): Record<string, string> {
  const { buckets, bus, s3Provider } = runtimes;
  return {
    [environment.workspaceBucket]: buckets.workspace.bucketName,
    [environment.exchangeBucket]: buckets.exchange.bucketName,
    [environment.eventBus]: bus.eventBusName,
    [environment.s3Provider]: s3Provider,
    [environment.notificationQueue]: notifications.queue.queueUrl,
  };
}

const descriptions = {
  sync: 'Keeps workspaces and cloud folders in step',
  drain: 'Delivers what people drop to the inboxes of their agents',
};

function watch(set: AgentSet, topic: ITopic, requests: DeadLetterQueue): void {
  const alarm = (id: string, queue: DeadLetterQueue, what: string): void => {
    new DeadLetterAlarm(set, id, { queue, topic, what });
  };
  alarm('DeadDropsAlarm', set.drops.dead, 'Drops could not be delivered; they are in the outbox.');
  alarm(
    'DeadSchedulesAlarm',
    set.scheduler.dead,
    'Scheduled syncs or sweeps could not be started.',
  );
  alarm('DeadRequestsAlarm', requests, 'Syncs died, or could not be started by an event.');
}

/** What a stack says about its set. */
export function setOutputs({ sync, drain, drops, scheduler }: AgentSet): Record<string, string> {
  return {
    SyncFunctionName: sync.function.functionName,
    DrainFunctionName: drain.function.functionName,
    DropQueueUrl: drops.queue.queueUrl,
    DeadDropQueueUrl: drops.dead.queueUrl,
    DeadScheduleQueueUrl: scheduler.dead.queueUrl,
  };
}
