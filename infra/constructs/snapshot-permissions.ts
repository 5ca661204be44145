import type { EventBus } from 'aws-cdk-lib/aws-events';
import { type AgentConfig, backupPlace } from '../../functions/shared/config/index.ts';
import { folders, type SecretScope } from '../../functions/shared/contract/index.ts';
import type { Buckets } from './buckets.ts';
import {
  type BucketFolder,
  events,
  folderByRole,
  type Grant,
  keys,
  list,
  reportsOf,
  secretsOf,
  stateOf,
  tokensOf,
  uploads,
} from './permissions.ts';

/** What the grants of the snapshot functions are about. */
export interface SnapshotsGranted {
  deployment: string;
  buckets: Buckets;
  bus: EventBus;
}

/** The objects of snapshots, by the ends of their names: see docs/snapshot-format.md. */
const manifests = 'backup-*.manifest.json';
const verifications = 'backup-*.verified-*.json';
const archives = ['tar.zst', 'tar.zst.enc', 'files.zst', 'files.zst.enc'].map(
  (end) => `backup-*.${end}`,
);
/** Archives and lists of files, encrypted or not; no name that the plugin or a person would give. */
const anyArchive = ['backup-*.tar.zst*', 'backup-*.files.zst*'];
const everySnapshot = 'backup-*';
const recoveryKit = 'workspace-sync-recovery-*';

/**
 * What `backup` may do: read workspaces and the agents' state, write snapshots, and read the
 * manifests that it continues. It reads no archive, and can neither delete nor, by the bucket's
 * policy, replace anything: who takes it over cannot harm the snapshots that there are.
 */
export function backupGrants(granted: SnapshotsGranted, agents: readonly AgentConfig[]): Grant[] {
  const { workspace } = granted.buckets;
  const files = ['workspace', 'state'].map((part) => workspace.arnForObjects(`*/${part}/*`));
  return [
    list(workspace.bucketArn),
    // A version that is replaced while it is read is read to its end.
    keys(['s3:GetObject', 's3:GetObjectVersion'], files),
    ...snapshotGrants(granted, agents, [
      [
        ['s3:GetObject', 's3:PutObject'],
        [manifests, recoveryKit],
      ],
      [uploads, archives],
    ]),
    ...runGrants(granted),
    secretsOf(granted, ['backup', 'passphrase', 'workspace', ...storageScopes(agents)]),
    ...tokensOf(granted, agents, ['backup', 'workspace', ...storageScopes(agents)]),
    ...keyGrants(['kms:GenerateDataKey', 'kms:Encrypt'], agents.filter(encrypts)),
  ];
}

/**
 * What `prune` may do: read what says how good a snapshot is, and delete snapshots. In a bucket with
 * versions that leaves a marker, and the deleted version stays for as long as the bucket's lifecycle
 * or its lock keeps it: no function may delete a version.
 */
export function pruneGrants(granted: SnapshotsGranted, agents: readonly AgentConfig[]): Grant[] {
  return [
    ...snapshotGrants(granted, agents, [
      [['s3:GetObject'], [manifests, verifications]],
      [['s3:DeleteObject'], [manifests, verifications, ...anyArchive]],
    ]),
    ...runGrants(granted),
    secretsOf(granted, ['backup', ...storageScopes(agents)]),
    ...tokensOf(granted, agents, ['backup', ...storageScopes(agents)]),
  ];
}

/** What `verify` may do: read and open snapshots, and record what came of it. */
export function verifyGrants(granted: SnapshotsGranted, agents: readonly AgentConfig[]): Grant[] {
  return [
    ...snapshotGrants(granted, agents, [
      [['s3:GetObject'], [everySnapshot]],
      [['s3:PutObject'], [verifications]],
    ]),
    ...runGrants(granted),
    secretsOf(granted, ['backup', 'passphrase', ...storageScopes(agents)]),
    ...tokensOf(granted, agents, ['backup', ...storageScopes(agents)]),
    ...keyGrants(['kms:Decrypt'], agents),
  ];
}

/**
 * What `restore` may do: read and open snapshots, and write what they hold into staging folders, or
 * into workspaces and states where somebody says so. It deletes in the new folders of restores only,
 * what a failed one has left there.
 */
export function restoreGrants(granted: SnapshotsGranted, agents: readonly AgentConfig[]): Grant[] {
  const { workspace } = granted.buckets;
  const staging = workspace.arnForObjects('*/restored/*');
  const live = ['workspace', 'state'].map((part) => workspace.arnForObjects(`*/${part}/*`));
  return [
    ...snapshotGrants(granted, agents, [[['s3:GetObject'], [everySnapshot]]]),
    list(workspace.bucketArn),
    keys(['s3:GetObject', ...uploads], [staging, ...live]),
    keys(['s3:DeleteObject'], [staging]),
    ...runGrants(granted),
    secretsOf(granted, ['backup', 'passphrase', 'workspace', 'sync']),
    ...tokensOf(granted, agents, ['backup', 'workspace', 'sync']),
    ...keyGrants(['kms:Decrypt'], agents),
    ...agents.flatMap(({ sync }) => cloudRestoreGrants(folderByRole(sync))),
  ];
}

/**
 * What `list` may do: read what says which snapshots there are, and see the names in cloud folders.
 * It opens no file there. Where that takes OAuth tokens, it may refresh and save them, by one run at a
 * time.
 */
export function listGrants(granted: SnapshotsGranted, agents: readonly AgentConfig[]): Grant[] {
  const clouds = agents.map(({ sync }) => folderByRole(sync)).filter((one) => one !== undefined);
  return [
    ...snapshotGrants(granted, agents, [[['s3:GetObject'], [manifests, verifications]]]),
    ...clouds.map((cloud) => cloud.list),
    secretsOf(granted, ['backup', 'sync']),
    ...refreshes(granted, tokensOf(granted, agents, ['backup', 'sync'])),
  ];
}

/** What refreshing takes for a function that needs no lease otherwise. */
function refreshes(granted: SnapshotsGranted, tokens: Grant[]): Grant[] {
  return tokens.length === 0 ? [] : [...tokens, ...stateOf(granted, ['leases'])];
}

/** Actions on the objects whose names match. */
type ObjectRights = [actions: string[], patterns: string[]];

/** The same rights wherever snapshots lie: in the deployment's bucket and in agents' own. */
function snapshotGrants(
  { buckets: { snapshots } }: SnapshotsGranted,
  agents: readonly AgentConfig[],
  rights: readonly ObjectRights[],
): Grant[] {
  return [
    list(snapshots.bucketArn),
    ...rights.map(([actions, patterns]) =>
      keys(
        actions,
        patterns.map((pattern) => snapshots.arnForObjects(`*/${pattern}`)),
      ),
    ),
    ...agents.flatMap(snapshotFolder).flatMap((folder) => [
      folder.list,
      ...rights.map(([actions, patterns]) => ({
        actions,
        resources: patterns.map((pattern) => folder.objects(pattern)),
        why: 'Snapshots in the bucket that the operator has given to this agent; their names bear their time.',
      })),
    ]),
  ];
}

/** An agent's snapshots in a bucket that the function's role opens. */
function snapshotFolder(agent: AgentConfig): BucketFolder[] {
  const place = backupPlace(agent);
  // A storage that only `sync` names is no place for snapshots until somebody wants some there.
  if (place.kind === 'own' || (place.scope === 'sync' && !agent.backup.enabled)) return [];
  return [folderByRole(place.settings)].filter((folder) => folder !== undefined);
}

/** A restore to the cloud writes into a folder that no sync touches, and empties it if it fails. */
function cloudRestoreGrants(folder: BucketFolder | undefined): Grant[] {
  if (!folder) return [];
  return [
    folder.list,
    {
      actions: ['s3:GetObject', 's3:DeleteObject', ...uploads],
      resources: [folder.objects(`${folders.restored}/*`)],
      why: 'New folders for restored files, whose names cannot be known beforehand.',
    },
  ];
}

function runGrants(granted: SnapshotsGranted): Grant[] {
  return [
    ...stateOf(granted, ['leases', 'status', 'backups']),
    ...reportsOf(granted),
    events(granted),
  ];
}

/** The secrets of `sync`, where snapshots lie in its storage. */
function storageScopes(agents: readonly AgentConfig[]): SecretScope[] {
  const places = agents.filter(({ backup }) => backup.enabled).map(backupPlace);
  return places.some((place) => place.kind === 'remote' && place.scope === 'sync') ? ['sync'] : [];
}

function encrypts({ backup }: AgentConfig): boolean {
  return backup.encrypt;
}

/** Rights on the keys that the configuration names, and no others. */
function keyGrants(actions: string[], agents: readonly AgentConfig[]): Grant[] {
  const named = agents.map(({ backup }) => backup.kmsKeyArn).filter((arn) => arn !== undefined);
  return named.length === 0 ? [] : [{ actions, resources: [...new Set(named)].sort() }];
}
