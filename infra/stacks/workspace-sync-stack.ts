import { Stack, type StackProps } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import type { Architecture } from 'aws-cdk-lib/aws-lambda';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import manifest from '../../package.json' with { type: 'json' };
import type { AgentConfig, DeploymentConfig } from '../../functions/shared/config/index.ts';
import { dropPrefix, product } from '../../functions/shared/contract/index.ts';
import { AgentSet, type CodeFor, setOutputs, type SharedParts } from '../constructs/agent-set.ts';
import { AlarmTopic, type Bell, PausedAlarm } from '../constructs/alarms.ts';
import { Buckets } from '../constructs/buckets.ts';
import { DeploymentDashboard } from '../constructs/dashboard.ts';
import type { JobFunction, Runtimes } from '../constructs/job-function.ts';
import type { Agents } from '../constructs/matching.ts';
import { keepToCap } from '../constructs/monthly-cap.ts';
import { NotificationQueue, Notifications } from '../constructs/notifications.ts';
import { Outputs } from '../constructs/outputs.ts';
import { RcloneLayer, type RcloneSource } from '../constructs/rclone-layer.ts';
import { traceJobs } from '../constructs/tracing.ts';

/** How a deployment is built, beside what its configuration says. */
export interface BuildOptions {
  architecture: Architecture;
  /** Where rclone's layer comes from. */
  rclone: RcloneSource;
  /** Where the functions' code comes from. */
  code: CodeFor;
  /** Whether the target is the local emulator. Nothing differs but rclone's word for its S3. */
  local: boolean;
}

export interface WorkspaceSyncStackProps extends StackProps, BuildOptions {
  config: DeploymentConfig;
  /** The agents that this stack's own functions serve. */
  agents: readonly AgentConfig[];
  /** How rules tell them from agents that other stacks serve. */
  match: Agents;
}

/**
 * A deployment: the buckets, the bus, the notifications, and the functions for every agent whose
 * workspace is reached over the network. Nothing in it costs anything while nothing happens, but for
 * its alarms, and its dashboard where the account has three already.
 */
export class WorkspaceSyncStack extends Stack {
  /** What the deployment's other stacks build upon. */
  readonly shared: SharedParts;
  readonly set: AgentSet;

  constructor(scope: Construct, id: string, props: WorkspaceSyncStackProps) {
    super(scope, id, { description: 'Workspace Sync for AWS', ...props });
    const { config, architecture, code, local } = props;
    const name = `${product}-${config.deployment}`;
    const { topic } = new AlarmTopic(this, 'Alarms', config.alarmEmail);
    const bell: Bell = { topic, runbookUrl: config.runbookUrl };
    const notifications = new NotificationQueue(this, 'Notifications');
    const runtimes: Runtimes = {
      deployment: config.deployment,
      architecture,
      buckets: new Buckets(this, 'Buckets', config.snapshots?.objectLock),
      bus: new EventBus(this, 'Bus', { eventBusName: name }),
      s3Provider: local ? 'Other' : 'AWS',
    };
    const { notify } = new Notifications(this, 'Webhooks', {
      runtimes,
      notifications,
      code: code('notify', config.agents),
      bell,
    });
    this.shared = {
      runtimes,
      code,
      notifications,
      bell,
      rclone: new RcloneLayer(this, 'Rclone', { architecture, source: props.rclone }).layer,
      scheduleGroup: new CfnScheduleGroup(this, 'ScheduleGroup', { name }),
    };
    this.set = new AgentSet(this, 'Agents', {
      ...this.shared,
      agents: props.agents,
      match: props.match,
    });
    keepToCap(this.set, runtimes.buckets.state, config.monthlyCap);
    traceJobs(this.set, config.tracing);
    this.watch(config, notify);
    tell(this, notify);
  }

  private watch(config: DeploymentConfig, notify: JobFunction): void {
    const { bell, notifications } = this.shared;
    const { deployment, monthlyCap: cap, runbookUrl } = config;
    if (cap !== undefined) new PausedAlarm(this, 'Paused', { deployment, cap, bell });
    if (!config.dashboard) return;
    new DeploymentDashboard(this, 'Overview', {
      deployment,
      cap,
      runbookUrl,
      functions: { ...this.set.functions, status: this.set.status, notify },
      deadLetters: {
        drops: this.set.drops.dead,
        schedules: this.set.scheduler.dead,
        requests: this.set.deadRequests,
        notifications: notifications.dead,
      },
    });
  }
}

/** What the operator's command, the guides and the tests look up by name. */
function tell(stack: WorkspaceSyncStack, notify: JobFunction): void {
  const { runtimes, notifications, scheduleGroup, bell } = stack.shared;
  const { buckets, deployment, bus } = runtimes;
  new Outputs(stack, {
    Release: manifest.version,
    WorkspaceBucketName: buckets.workspace.bucketName,
    ExchangeBucketName: buckets.exchange.bucketName,
    SnapshotBucketName: buckets.snapshots.bucketName,
    StateBucketName: buckets.state.bucketName,
    ...setOutputs(stack.set),
    NotifyFunctionName: notify.function.functionName,
    EventBusName: bus.eventBusName,
    NotificationQueueUrl: notifications.queue.queueUrl,
    DeadNotificationQueueUrl: notifications.dead.queueUrl,
    ScheduleGroupName: scheduleGroup.ref,
    SecretPrefix: `${product}/${deployment}/`,
    AlarmTopicArn: bell.topic.topicArn,
    DropLocation: buckets.exchange.s3UrlForObject(dropPrefix('<agent>')),
  });
}
