import {
  closeSync,
  fchmodSync,
  futimesSync,
  mkdirSync,
  openSync,
  rmSync,
  write as writeWithCallback,
  writeSync,
} from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import type { RestoredFile, RestoreTarget } from './target.ts';

const write = promisify(writeWithCallback);

/** Bits of a mode that a restore may set: never setuid, setgid or sticky. */
const permissionBits = 0o777;

/**
 * A folder of this machine, which must be new or empty. Everything is written beside it, to a folder
 * that is named after the run, and moved there at the end: it is there whole or not at all.
 *
 * Small files are written synchronously: ten thousand of them take less time so than the waiting
 * for as many callbacks would.
 */
export function folderTarget(
  folder: string,
  runId: string,
): RestoreTarget & { collisions: string[] } {
  const unfinished = `${folder}.incomplete-${runId}`;
  const made = new Set<string>();
  const collisions: string[] = [];
  const parentOf = (path: string): void => {
    const parent = dirname(path);
    if (made.has(parent)) return;
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    made.add(parent);
  };
  const create = (path: string): { file: number; at: string } => {
    const at = join(unfinished, path);
    try {
      parentOf(at);
      return { file: openSync(at, 'wx', 0o600), at };
    } catch (error) {
      // Object stores know names that are one here, or a file and a folder at once.
      if (!isCollision(error)) throw error;
      collisions.push(path);
      const other = join(unfinished, 'renamed', hash('sha256', path).slice(0, 16), 'file');
      parentOf(other);
      return { file: openSync(other, 'wx', 0o600), at: other };
    }
  };
  return {
    description: folder,
    collisions,
    async isOccupied() {
      try {
        return (await readdir(folder)).length > 0;
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
        throw error;
      }
    },
    async write(target) {
      const { file, at } = create(target.path);
      try {
        if (target.bytes) writeAll(file, target.bytes);
        else await writeBehind(file, target.body);
        stamp(file, target);
      } catch (error) {
        // The next leg begins this file afresh.
        rmSync(at, { force: true });
        throw error;
      } finally {
        closeSync(file);
      }
    },
    flush: () => Promise.resolve(),
    async finish() {
      await mkdir(unfinished, { recursive: true });
      // An empty folder in the place is replaced; one that is not makes this fail.
      await rename(unfinished, folder);
    },
    async discard() {
      await rm(unfinished, { recursive: true, force: true });
    },
  };
}

/** Each piece is written while the next is decrypted and unpacked. */
async function writeBehind(file: number, body: AsyncIterable<Buffer>): Promise<void> {
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const piece of body) {
      await writing;
      writing = writePiece(file, piece);
      // It is awaited with the next piece; a failure before that is nobody's yet.
      writing.catch(() => undefined);
    }
  } finally {
    // The file is closed after this, whatever has failed.
    await Promise.allSettled([writing]);
  }
  await writing;
}

async function writePiece(file: number, piece: Buffer): Promise<void> {
  for (let at = 0; at < piece.length;) at += (await write(file, piece, at)).bytesWritten;
}

function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

function stamp(file: number, { modified, mode }: RestoredFile): void {
  const seconds = modified / 1_000;
  futimesSync(file, seconds, seconds);
  fchmodSync(file, mode === undefined ? 0o644 : mode & permissionBits);
}

function isCollision(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return ['EEXIST', 'EISDIR', 'ENOTDIR'].includes(String(code));
}
