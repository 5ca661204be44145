import { isUtf8 } from 'node:buffer';
import type { Dirent } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, isAbsent, isRefused } from './folder-failure.ts';
import { passOver } from './passed-over.ts';
import { SourceUnavailableError, type PassedOver } from './source.ts';
import type { TreeEntry } from './walk.ts';

/** A mounted folder, and what was left out of it so far. */
export interface Folder {
  /** Its real path: no link stands in it. */
  root: string;
  passedOver: PassedOver;
  unreadable: PassedOver;
}

/**
 * What lies in a folder below the root, `''` being the root itself. Links and special files are
 * passed over.
 *
 * A folder that may not be looked into is counted as unreadable, and so are files and folders whose
 * names are not UTF-8: no path of a snapshot could say them. The root has to be readable.
 */
export async function listFolder(left: Folder, folder: string): Promise<TreeEntry[] | undefined> {
  const { root, passedOver, unreadable } = left;
  const path = join(root, folder);
  try {
    if (!(await isReal(root, folder))) {
      passOver(passedOver, folder.slice(0, -1));
      return undefined;
    }
    const listed = await readdir(path, { withFileTypes: true, encoding: 'buffer' });
    return listed.flatMap((entry) => toEntry(entry, folder, left));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    if (!isRefused(error) || folder === '') {
      throw new SourceUnavailableError(`listing ${path} failed with ${errorCode(error)}`, error);
    }
    passOver(unreadable, folder);
    return undefined;
  }
}

/** Whether no name on the way to a folder is a link: it may have become one since it was listed. */
async function isReal(root: string, folder: string): Promise<boolean> {
  const expected = join(root, folder).replace(/(?<=.)\/$/, '');
  return (await realpath(expected)) === expected;
}

function toEntry(entry: Dirent<Buffer>, folder: string, left: Folder): TreeEntry[] {
  const isFolder = entry.isDirectory();
  if (!isFolder && !entry.isFile()) {
    passOver(left.passedOver, folder + visible(entry.name));
    return [];
  }
  if (isUtf8(entry.name)) return [{ name: entry.name.toString(), isFolder }];
  passOver(left.unreadable, `${folder}${visible(entry.name)}${isFolder ? '/' : ''}`);
  return [];
}

/** Bytes that are not UTF-8 as `\xff`. */
function visible(name: Buffer): string {
  if (isUtf8(name)) return name.toString();
  const characters = Array.from(name, (byte) =>
    byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`,
  );
  return characters.join('');
}
