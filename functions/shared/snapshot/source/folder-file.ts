import { constants, readlinkSync, type BigIntStats } from 'node:fs';
import { lstat, open, realpath, type FileHandle } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { FileUnreadableError, type SourceFacts } from './source.ts';

/** A file of a folder that has been opened, and what it was then. */
export interface OpenedFile {
  handle: FileHandle;
  facts: SourceFacts & { mode: number; version: string };
}

/** Neither follows a link, nor waits for somebody to write to a pipe. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a file below a root. Whoever can write to the workspace may have put a link, a pipe or a
 * device in its place since it was listed, or a link in the place of a folder on the way to it: what
 * is opened has to be a plain file that really lies below the root.
 * @throws FileUnreadableError
 */
export async function openBelow(root: string, path: string): Promise<OpenedFile> {
  const handle = await open(join(root, path), flags);
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw new FileUnreadableError(path, 'it is no plain file any more');
    const real = await realPath(handle, join(root, path));
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw new FileUnreadableError(path, 'a folder on the way to it has become a link');
    }
    return { handle, facts: factsOf(stats) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The version that has a path now; nothing where there is none. */
export async function versionAt(root: string, path: string): Promise<string | undefined> {
  try {
    return versionOf(await lstat(join(root, path), { bigint: true }));
  } catch {
    return undefined;
  }
}

/**
 * Reads into a buffer until it is full or the file ends.
 * @returns how many bytes were read
 */
export async function fill(handle: FileHandle, into: Buffer, position: number): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await handle.read(into, filled, into.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** Linux tells where an open file lies, which nobody can change meanwhile. */
async function realPath(handle: FileHandle, path: string): Promise<string> {
  if (process.platform !== 'linux') return realpath(path);
  return readlinkSync(`/proc/self/fd/${handle.fd}`);
}

function factsOf(stats: BigIntStats): OpenedFile['facts'] {
  return {
    size: Number(stats.size),
    modified: Number(stats.mtimeMs),
    mode: Number(stats.mode) & 0o7777,
    version: versionOf(stats),
  };
}

function versionOf({ ino, mtimeNs, size }: BigIntStats): string {
  return `${ino}-${mtimeNs}-${size}`;
}
