import type { Code, ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import {
  environment,
  type Job,
  type RunbookAnchor,
  runbookAnchors,
} from '../../functions/shared/contract/index.ts';
import { type Bell, DeadLetterAlarm, ThrottleAlarm } from './alarms.ts';
import { DropIntake, DropQueue } from './drop-intake.ts';
import { type FunctionName, JobFunction, longest, type Runtimes } from './job-function.ts';
import type { Agents } from './matching.ts';
import type { NotificationQueue } from './notifications.ts';
import { drainGrants, type Grant, type Granted, syncGrants } from './permissions.ts';
import { DeadLetterQueue } from './queues.ts';
import { RunRequests } from './run-requests.ts';
import { Scheduler, Sweep } from './schedules.ts';
import { StatusFunction } from './status-function.ts';
import { snapshotFunctions } from './snapshot-functions.ts';
import { type EfsWorkspace, setName } from './workspace-mount.ts';

/** The code of a function that serves these agents. */
export type CodeFor = (name: FunctionName, agents: readonly AgentConfig[]) => Code;

/** What all sets of a deployment have in common. */
export interface SharedParts {
  runtimes: Runtimes;
  code: CodeFor;
  rclone: ILayerVersion;
  notifications: NotificationQueue;
  bell: Bell;
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
  readonly agents: readonly AgentConfig[];
  readonly functions: Record<Job, JobFunction>;
  /** Says how the agents are, and tells themselves. */
  readonly status: JobFunction;
  readonly drops: DropQueue;
  readonly scheduler: Scheduler;
  /** Takes runs that died, and events that could not start one. */
  readonly deadRequests: DeadLetterQueue;

  constructor(scope: Construct, id: string, props: AgentSetProps) {
    super(scope, id);
    const { runtimes, match, agents } = props;
    this.agents = agents;
    const granted: Granted = {
      ...runtimes,
      notificationQueue: props.notifications.queue,
      deadNotificationQueue: props.notifications.dead,
    };
    this.drops = new DropQueue(this, 'Drops', longest);
    const extra = { [environment.dropQueue]: this.drops.queue.queueUrl };
    this.functions = {
      sync: mover(this, 'Sync', props, syncGrants(granted, agents)),
      drain: mover(this, 'Drain', props, drainGrants(granted, agents, this.drops.queue), extra),
      ...snapshotFunctions(this, props),
    };
    this.deadRequests = new DeadLetterQueue(this, 'DeadRequests');
    new DropIntake(this, 'Intake', {
      exchange: runtimes.buckets.exchange,
      drops: this.drops,
      drain: this.functions.drain,
      agents: match,
    });
    new RunRequests(this, 'Requests', {
      bus: runtimes.bus,
      functions: this.functions,
      agents: match,
      dead: this.deadRequests,
    });
    this.scheduler = new Scheduler(this, 'Scheduler', {
      group: props.scheduleGroup,
      functions: this.functions,
      drops: this.drops,
    });
    new Sweep(this, 'Sweep', this.scheduler);
    const { job } = new StatusFunction(this, 'StatusFile', {
      ...props,
      scheduler: this.scheduler,
      dead: {
        drops: this.drops.dead,
        schedules: this.scheduler.dead,
        requests: this.deadRequests,
        notifications: props.notifications.dead,
      },
    });
    this.status = job;
    watch(this, props.bell);
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
    set: props.mount && setName(props.mount),
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
    mount: props.mount && { workspace: props.mount, access: 'write' },
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

function watch(set: AgentSet, bell: Bell): void {
  const alarm = (
    id: string,
    queue: DeadLetterQueue,
    what: string,
    runbook: RunbookAnchor,
  ): void => {
    new DeadLetterAlarm(set, id, { queue, bell, what, runbook });
  };
  const { deadDrops, deadRequests } = runbookAnchors;
  const drops = 'Drops could not be delivered; they are in the outbox.';
  alarm('DeadDropsAlarm', set.drops.dead, drops, deadDrops);
  const schedules = 'Scheduled runs or sweeps could not be started.';
  alarm('DeadSchedulesAlarm', set.scheduler.dead, schedules, deadRequests);
  alarm(
    'DeadRequestsAlarm',
    set.deadRequests,
    'Runs died, or could not be started by an event.',
    deadRequests,
  );
  new ThrottleAlarm(set, 'Throttles', { functions: set.functions, bell });
}

/** CloudFormation's limit for the value of an output is 1,024 bytes; it may become less. */
const longestOutput = 1_000;

/** What a stack says about its set. */
export function setOutputs({
  functions,
  status,
  drops,
  scheduler,
  deadRequests,
  agents,
}: AgentSet): Record<string, string> {
  const names = agents.map(({ name }) => name).join(',');
  return {
    ...(names !== '' && names.length <= longestOutput ? { Agents: names } : {}),
    SyncFunctionName: functions.sync.function.functionName,
    DrainFunctionName: functions.drain.function.functionName,
    BackupFunctionName: functions.backup.function.functionName,
    PruneFunctionName: functions.prune.function.functionName,
    VerifyFunctionName: functions.verify.function.functionName,
    RestoreFunctionName: functions.restore.function.functionName,
    ListFunctionName: functions.list.function.functionName,
    StatusFunctionName: status.function.functionName,
    DropQueueUrl: drops.queue.queueUrl,
    DeadDropQueueUrl: drops.dead.queueUrl,
    DeadScheduleQueueUrl: scheduler.dead.queueUrl,
    DeadRequestQueueUrl: deadRequests.queueUrl,
  };
}
