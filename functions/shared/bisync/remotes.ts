import type { Side } from '../contract/index.ts';
import type { Remote } from '../rclone/remote.ts';

/** How the times of a remote's files can be used. */
export type Times =
  /** It keeps the time that a copy is given. */
  | 'kept'
  /** It has the time of the upload only, which its listing shows: a copy's is not its source's. */
  | 'own'
  /** Like `own`, and rclone does not look at it. */
  | 'unused';

const keepTimes = new Set(['local', 'sftp', 'dropbox', 'drive', 'onedrive', 'box', 'pcloud']);

/** Vendors of WebDAV servers whose times rclone can set. */
const timedVendors = new Set(['owncloud', 'nextcloud', 'infinitescale', 'fastmail', 'rclone']);

/** S3 could be asked for the writer's time, at the price of one request for each file. */
const ownTimes = new Set(['s3', 'swift']);

/** What the times of a remote are good for. Of an unknown one the least is expected. */
export function timesOf({ options }: Remote): Times {
  const type = options['type'] ?? '';
  if (keepTimes.has(type)) return 'kept';
  if (ownTimes.has(type)) return 'own';
  if (type === 'webdav' && timedVendors.has(options['vendor'] ?? '')) return 'kept';
  return 'unused';
}

/** The two remotes of a bisync. */
export type Sides = Record<Side, Remote>;

/** They have a hash of each file, or of none at all. */
const sureHashes = new Set(['local', 'sftp', 'ftp', 'dropbox', 'drive', 'box', 'pcloud']);

/** They know MD5 alone, and that only of what was not uploaded in parts. */
const md5Alone = new Set(['s3', 'swift']);

/** They have no MD5. */
const otherHashes = new Set(['dropbox', 'onedrive', 'box', 'ftp']);

/**
 * Whether rclone may take two files of equal size for the same without a look at either: it does so
 * where both sides have a kind of hash in common, and one has none of this file. Without a common
 * kind it reads both.
 */
export function mayLackHashes({ workspace, cloud }: Sides): boolean {
  const remotes = [workspace, cloud];
  const some = (types: ReadonlySet<string>): boolean =>
    remotes.some(({ options }) => types.has(options['type'] ?? ''));
  if (remotes.every(isSure)) return false;
  return !(some(md5Alone) && (some(otherHashes) || remotes.some(isPlainWebdav)));
}

function isSure(remote: Remote): boolean {
  return sureHashes.has(remote.options['type'] ?? '') || isPlainWebdav(remote);
}

function isPlainWebdav({ options }: Remote): boolean {
  return options['type'] === 'webdav' && !timedVendors.has(options['vendor'] ?? '');
}
