import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  type BigIntStats,
} from 'node:fs';
import { lstat, open, realpath, type FileHandle } from 'node:fs/promises';
import { join, sep } from 'node:path';
import {
  FileChangedError,
  FileUnreadableError,
  wholeFileLimit,
  type SourceFacts,
  type WholeFile,
} from './source.ts';

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
    requirePlain(path, stats);
    requireBelow(root, path, await realPath(handle, join(root, path)));
    return { handle, facts: factsOf(stats) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Opens a file as {@link openBelow} does, and reads it, without leaving the thread. */
export function readBelowNow(root: string, path: string): WholeFile {
  const file = openSync(join(root, path), flags);
  try {
    const stats = fstatSync(file, { bigint: true });
    requirePlain(path, stats);
    requireBelow(root, path, realPathNow(file, join(root, path)));
    const facts = factsOf(stats);
    if (facts.size > wholeFileLimit) throw new FileChangedError(path);
    const bytes = Buffer.allocUnsafe(facts.size);
    let filled = 0;
    for (let read = -1; read !== 0 && filled < bytes.length; filled += read) {
      read = readSync(file, bytes, filled, bytes.length - filled, filled);
    }
    return wholeFile(facts, bytes.subarray(0, filled), versionNow(root, path));
  } finally {
    closeSync(file);
  }
}

/** What was read of a file, beside the version that has its path afterwards. */
export function wholeFile(
  facts: OpenedFile['facts'],
  bytes: Buffer,
  versionAfter: string | undefined,
): WholeFile {
  const changed = bytes.length < facts.size || versionAfter !== facts.version;
  return { ...facts, size: bytes.length, bytes, changed };
}

function requirePlain(path: string, stats: BigIntStats): void {
  if (!stats.isFile()) throw new FileUnreadableError(path, 'it is no plain file any more');
}

function requireBelow(root: string, path: string, real: string): void {
  if (real.startsWith(root.endsWith(sep) ? root : root + sep)) return;
  throw new FileUnreadableError(path, 'a folder on the way to it has become a link');
}

function versionNow(root: string, path: string): string | undefined {
  try {
    return versionOf(lstatSync(join(root, path), { bigint: true }));
  } catch {
    return undefined;
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

function realPathNow(file: number, path: string): string {
  return process.platform === 'linux' ? readlinkSync(`/proc/self/fd/${file}`) : realpathSync(path);
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
