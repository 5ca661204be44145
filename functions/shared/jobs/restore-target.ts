import { join } from 'node:path';
import type { AgentConfig } from '../config/index.ts';
import {
  environment,
  folders,
  restoredPrefix,
  statePrefix,
  workspacePrefix,
  type RestoreTarget as TargetName,
} from '../contract/index.ts';
import { WorkspaceSyncError } from '../errors.ts';
import { required, type Runtime } from '../runtime/runtime.ts';
import type { GuardPolicy } from '../snapshot/archive/index.ts';
import { folderTarget } from '../snapshot/restore/folder-target.ts';
import { remoteTarget } from '../snapshot/restore/remote-target.ts';
import { s3Target } from '../snapshot/restore/s3-target.ts';
import { selectionOf, type Selection } from '../snapshot/restore/selection.ts';
import type { RestoreTarget } from '../snapshot/restore/target.ts';
import { mounted } from '../workspace/places.ts';
import type { SnapshotPlaces } from './snapshot-places.ts';

/** Where a run restores to, and how names are compared there. */
export interface ChosenTarget {
  target: RestoreTarget;
  policy: GuardPolicy;
}

/** Nothing that Lambda writes to takes a backslash for a slash, or two cases for one name. */
const policy: GuardPolicy = { target: 'objects', names: 'exact' };

/**
 * The target that a request names. A new folder is named after the run, so that two restores never
 * meet.
 * @throws TargetError where this agent has no such place
 */
export function targetFor(
  runtime: Runtime,
  agent: AgentConfig,
  places: SnapshotPlaces,
  { name, runId }: { name: TargetName; runId: string },
): ChosenTarget {
  const folder = `${folders.restored}/${runId}`;
  const { session, remotes } = places;
  if (name === 'cloud') {
    if (!session || !remotes.cloud) throw new TargetError(agent.name, 'has no cloud folder');
    return { target: remoteTarget(session, remotes.cloud, folder), policy };
  }
  if (name === 'live') return liveTarget(runtime, agent);
  switch (agent.workspace.kind) {
    case 's3': {
      const staging = `${restoredPrefix(agent.name)}${runId}/`;
      const bucket = required(runtime.env, environment.workspaceBucket);
      const keyOf = (path: string): string => staging + path;
      return {
        target: s3Target({ client: runtime.s3, bucket, keyOf, staging }),
        policy,
      };
    }
    case 'efs':
      return {
        target: folderTarget(join(mounted(agent.workspace.path), folder), runId),
        policy,
      };
    case 'remote':
      if (!session || !remotes.workspace) throw new TargetError(agent.name, 'has no remote');
      return { target: remoteTarget(session, remotes.workspace, folder), policy };
  }
}

/**
 * The agent's own files. The mailboxes at the root are left as they are: no run of any kind writes
 * over what waits in them.
 */
function liveTarget(runtime: Runtime, { name, workspace }: AgentConfig): ChosenTarget {
  if (workspace.kind !== 's3') {
    throw new TargetError(
      name,
      'has its files on its own file system: restore to "staging" and move them with the gateway stopped',
    );
  }
  const bucket = required(runtime.env, environment.workspaceBucket);
  const target = s3Target({
    client: runtime.s3,
    bucket,
    keyOf: (path) => liveKey(name, path),
  });
  return { target, policy };
}

/** What a restore over the agent's files leaves out. */
export function liveSelection(selected: Selection): Selection {
  const mailboxes = [folders.inbox, folders.outbox].map((name) => `workspace/${name}/`);
  return (path) => selected(path) && !mailboxes.some((prefix) => path.startsWith(prefix));
}

/** Whether what was asked for is, in part, what a restore over the agent's files leaves out. */
export function asksForMailboxes(paths: readonly string[] | undefined): boolean {
  const selected = selectionOf(paths);
  return [folders.inbox, folders.outbox].some(
    (name) =>
      selected(`workspace/${name}/any`) || paths?.some((path) => path.includes(name)) === true,
  );
}

function liveKey(agent: string, path: string): string {
  if (path.startsWith('workspace/'))
    return workspacePrefix(agent) + path.slice('workspace/'.length);
  if (path.startsWith('state/')) return statePrefix(agent) + path.slice('state/'.length);
  return `${workspacePrefix(agent)}${path}`;
}

/** A request names a target that there is not. */
export class TargetError extends WorkspaceSyncError {
  constructor(agent: string, problem: string) {
    super(`Agent "${agent}" ${problem}. Nothing was written.`, {
      code: 'restore-target',
      retryable: false,
    });
  }
}
