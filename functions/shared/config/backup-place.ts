import type { AgentConfig } from './agent.ts';
import type { BackupConfig } from './backup.ts';
import { normalFolder } from './paths.ts';
import type { Provider, providerBlocks } from './providers.ts';
import type { SyncConfig } from './sync.ts';

/** What names a storage to rclone, with references where secrets belong. */
export interface PlaceSettings extends Pick<BackupConfig, keyof typeof providerBlocks> {
  provider: Exclude<Provider, 'off'>;
  /** Folder of the snapshots in the storage; `''` is its root. For S3, below `s3.bucket`. */
  remotePath: string;
  /** The agent whose entry answers the references, where it is another one. */
  credentialsOf?: string | undefined;
}

/** Where an agent's snapshots lie. */
export type BackupPlace =
  /** The deployment's own snapshot bucket, below a prefix that begins with the agent and ends in a slash. */
  | { kind: 'own'; prefix: string }
  /**
   * A storage of the operator's. `scope` is the secret entry that answers its references: the one
   * of `sync` where the block of `sync` is used.
   */
  | { kind: 'remote'; scope: 'sync' | 'backup'; settings: PlaceSettings };

/** Folder of snapshots in a storage that is taken over from `sync`, beside the synchronised one. */
export const inheritedFolder = 'openclaw-backups';

/**
 * Where an agent's snapshots lie, whether or not its backup is enabled. Pure: no secret is resolved.
 *
 * - `"provider": "s3"` without bucket, keys and endpoint, or no provider at all while `sync` has no
 *   cloud folder: the deployment's own bucket, `<agent>/<remotePath>/<prefix>/`.
 * - A block of the provider in `backup`: that storage, with the secrets of `backup`.
 * - No such block, and the provider of `sync` or none named: the storage of `sync` with its secrets;
 *   `bucket` may name another bucket of it. Where it is not S3, snapshots lie in
 *   `openclaw-backups/<prefix>` unless `remotePath` names another folder.
 *
 * As the plugin does it, the folder is `remotePath` and `prefix` joined, in the bucket that `bucket`
 * or `s3.bucket` names.
 */
export function backupPlace({ name, sync, backup }: AgentConfig): BackupPlace {
  const provider = backup.provider ?? (sync.provider === 'off' ? 's3' : sync.provider);
  if (isOwnBucket(backup, sync)) {
    return { kind: 'own', prefix: `${folderOf(name, backup.remotePath, backup.prefix)}/` };
  }
  const scope = inheritsBlock(backup, sync) ? 'sync' : 'backup';
  const root = scope === 'sync' && provider !== 's3' ? inheritedFolder : '';
  const folder = backup.remotePath ?? root;
  const isAbsolute = provider === 'custom' && folder.startsWith('/');
  const remotePath = (isAbsolute ? '/' : '') + folderOf(folder, backup.prefix);
  const from = scope === 'sync' ? sync : backup;
  const { credentialsOf } = from;
  const settings = {
    provider,
    remotePath,
    ...blockOf(provider, from, backup.bucket),
    ...(credentialsOf === undefined ? {} : { credentialsOf }),
  };
  return { kind: 'remote', scope, settings };
}

/** The parts of a block that decide where snapshots go, checked or not. */
interface Storage {
  provider?: unknown;
  bucket?: unknown;
  s3?: unknown;
  dropbox?: unknown;
  gdrive?: unknown;
  onedrive?: unknown;
  custom?: unknown;
}

/** Whether snapshots lie in the deployment's own bucket. Takes blocks as they were written, too. */
export function isOwnBucket(backup: Storage, sync: Storage): boolean {
  const provider = backup.provider ?? (hasCloudFolder(sync) ? undefined : 's3');
  if (provider !== 's3' || backup.bucket !== undefined) return false;
  const keys = ['endpoint', 'bucket', 'accessKeyId', 'secretAccessKey'];
  return keys.every((key) => !property(backup.s3, key));
}

/** Whether the storage is the one of `sync`. Takes blocks as they were written, too. */
export function inheritsBlock(backup: Storage, sync: Storage): boolean {
  if (!hasCloudFolder(sync) || isOwnBucket(backup, sync)) return false;
  const provider = backup.provider ?? sync.provider;
  return provider === sync.provider && property(backup, String(provider)) === undefined;
}

function hasCloudFolder({ provider }: Storage): boolean {
  return provider !== undefined && provider !== 'off';
}

function property(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return Reflect.get(value, key);
}

/** The provider's own block and no other: only its references are to be resolved. */
function blockOf(
  provider: Exclude<Provider, 'off'>,
  from: SyncConfig | BackupConfig,
  bucket: string | undefined,
): Pick<BackupConfig, keyof typeof providerBlocks> {
  if (provider !== 's3') return { [provider]: from[provider] };
  const s3 = { endpoint: '', ...from.s3 };
  return { s3: bucket === undefined ? s3 : { ...s3, bucket } };
}

function folderOf(...parts: (string | undefined)[]): string {
  return normalFolder(parts.filter((part) => part !== undefined).join('/'));
}
