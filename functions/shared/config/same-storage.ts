import { isDeepStrictEqual } from 'node:util';
import type { PlaceSettings } from './backup-place.ts';
import { normalFolder } from './paths.ts';
import { referencePattern } from './references.ts';

/** A folder of a storage, as `sync` and `backup` both name one. */
export type Folder = Omit<PlaceSettings, 'provider'> & { provider: string };

/**
 * Whether two blocks mean the same storage, as far as can be told without their secrets: two tokens
 * may belong to one account or to two.
 */
export function sameStorage(one: Folder, other: Folder): 'yes' | 'no' | 'perhaps' {
  if (one.provider !== other.provider) return 'no';
  if (one.provider === 's3') {
    const same = one.s3?.bucket === other.s3?.bucket && one.s3?.endpoint === other.s3?.endpoint;
    return same ? 'yes' : 'no';
  }
  return isDeepStrictEqual(named(one), named(other)) ? 'perhaps' : 'no';
}

/** What a storage is called, without what only opens it. */
export function named({ provider, s3, dropbox, gdrive, onedrive, custom }: Folder): unknown[] {
  if (provider === 's3') return [s3?.bucket, s3?.endpoint];
  if (provider === 'dropbox') return [dropbox?.appFolder];
  if (provider === 'gdrive') return [gdrive?.teamDrive, gdrive?.rootFolderId];
  if (provider === 'onedrive') return [onedrive?.driveId];
  const options = Object.entries(custom?.rcloneOptions ?? {});
  return [custom?.rcloneType, options.filter(([, value]) => !referencePattern.test(value)).sort()];
}

/** Whether a folder is another one or lies in it. Names that differ in case are one to most clouds. */
export function liesIn(folder: string, other: string, provider: string): boolean {
  const [inner, outer] = [folder, other].map((path) => folded(path, provider));
  return `${inner}/`.startsWith(outer === '' ? '' : `${outer}/`);
}

function folded(path: string, provider: string): string {
  const isAbsolute = provider === 'custom' && path.startsWith('/');
  const name = (isAbsolute ? '/' : '') + normalFolder(path);
  return provider === 's3' ? name : name.normalize('NFC').toLowerCase();
}
