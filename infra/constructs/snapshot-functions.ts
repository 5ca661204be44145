import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import { environment, type Job } from '../../functions/shared/contract/index.ts';
import type { AgentSetProps } from './agent-set.ts';
import { JobFunction, longest } from './job-function.ts';
import type { Grant } from './permissions.ts';
import {
  backupGrants,
  listGrants,
  pruneGrants,
  restoreGrants,
  type SnapshotsGranted,
  verifyGrants,
} from './snapshot-permissions.ts';
import { type Mount, setName } from './workspace-mount.ts';

/** The jobs that deal with snapshots. */
export type SnapshotJob = Extract<Job, 'backup' | 'prune' | 'verify' | 'restore' | 'list'>;

interface Kind {
  grants: (granted: SnapshotsGranted, agents: readonly AgentConfig[]) => Grant[];
  memorySize: number;
  timeout: Duration;
  /** Whether it has to mount workspaces on a file system, and what for. */
  mount?: Mount['access'];
  description: string;
}

/**
 * What 1,769 MB buy is exactly one virtual CPU. Packing, hashing, compressing and encrypting one
 * stream keep one busy, and a second one would be paid for and wait.
 */
const oneCpu = 1769;

const kinds: Record<SnapshotJob, Kind> = {
  backup: {
    grants: backupGrants,
    memorySize: oneCpu,
    timeout: longest,
    mount: 'read',
    description: 'Takes encrypted snapshots of workspaces and of agents’ state',
  },
  prune: {
    grants: pruneGrants,
    memorySize: 512,
    timeout: longest,
    description: 'Deletes the snapshots that retention no longer keeps',
  },
  verify: {
    grants: verifyGrants,
    memorySize: oneCpu,
    timeout: longest,
    description: 'Reads snapshots back and checks every file in them',
  },
  restore: {
    grants: restoreGrants,
    memorySize: oneCpu,
    timeout: longest,
    mount: 'write',
    description: 'Brings files back from snapshots',
  },
  list: {
    grants: listGrants,
    memorySize: 512,
    timeout: Duration.minutes(2),
    description: 'Says which snapshots there are, and what lies in cloud folders',
  },
};

/** The functions of a set that deal with snapshots, each with a role of its own. */
export function snapshotFunctions(
  set: Construct,
  props: AgentSetProps,
): Record<SnapshotJob, JobFunction> {
  const make = (name: SnapshotJob): JobFunction => snapshotFunction(set, props, name);
  return {
    backup: make('backup'),
    prune: make('prune'),
    verify: make('verify'),
    restore: make('restore'),
    list: make('list'),
  };
}

function snapshotFunction(set: Construct, props: AgentSetProps, name: SnapshotJob): JobFunction {
  const { runtimes, agents, mount: workspace } = props;
  const { grants, mount: access, ...kind } = kinds[name];
  return new JobFunction(set, name.charAt(0).toUpperCase() + name.slice(1), {
    ...kind,
    name,
    set: workspace && setName(workspace),
    runtimes,
    code: props.code(name, agents),
    environment: environmentOf(props),
    // Snapshots may lie on any remote, so all of them talk to rclone.
    layers: [props.rclone],
    grants: grants(runtimes, agents),
    mount: workspace && access && { workspace, access },
  });
}

function environmentOf({ runtimes }: AgentSetProps): Record<string, string> {
  const { buckets, bus, s3Provider } = runtimes;
  return {
    [environment.workspaceBucket]: buckets.workspace.bucketName,
    [environment.snapshotBucket]: buckets.snapshots.bucketName,
    [environment.eventBus]: bus.eventBusName,
    [environment.s3Provider]: s3Provider,
  };
}
