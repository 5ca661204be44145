import {
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  write as writeWithCallback,
  writeSync,
} from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { expectNoLinks, LinkFreeFolder } from './link-free.ts';
import type { RestoredFile, RestoreTarget } from './target.ts';

const write = promisify(writeWithCallback);

const asNew = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Bits of a mode that a restore may set: never setuid, setgid or sticky. */
const permissionBits = 0o777;

/**
 * A folder of this machine, which must be new or empty. Everything is written beside it, to a folder
 * that is named after the run, and moved there at the end: it is there whole or not at all. Whoever
 * else writes to the file system may put links there: none of them is followed.
 *
 * Small files are written synchronously: ten thousand of them take less time so than the waiting
 * for as many callbacks would.
 */
export function folderTarget(
  folder: string,
  runId: string,
): RestoreTarget & { collisions: string[] } {
  const unfinished = `${folder}.incomplete-${runId}`;
  const tree = new LinkFreeFolder(unfinished);
  const collisions: string[] = [];
  const open = (at: string): number => {
    const file = openSync(at, asNew, 0o600);
    try {
      tree.expectInside(file, at);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    return file;
  };
  const createAt = (at: string, streamed: boolean): NewFile => {
    tree.makeParent(at);
    if (!streamed) return { file: open(at), written: at, at };
    if (lstatSync(at, { throwIfNoEntry: false })) throw new NameTakenError();
    // A leg that is killed leaves no half of a file under its name; the next one replaces this.
    const written = join(dirname(at), `.restoring-${hash('sha256', runId + at).slice(0, 16)}`);
    rmSync(written, { force: true });
    return { file: open(written), written, at };
  };
  const create = (path: string, streamed: boolean): NewFile => {
    try {
      return createAt(join(unfinished, path), streamed);
    } catch (error) {
      // Object stores know names that are one here, or a file and a folder at once.
      if (!isCollision(error)) throw error;
      collisions.push(path);
      const other = join(unfinished, 'renamed', hash('sha256', path).slice(0, 16), 'file');
      return createAt(other, streamed);
    }
  };
  return {
    description: folder,
    collisions,
    async isOccupied() {
      expectNoLinks(folder);
      try {
        return (await readdir(folder)).length > 0;
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
        throw error;
      }
    },
    async write(target) {
      const { file, written, at } = create(target.path, target.bytes === undefined);
      try {
        if (target.bytes) writeAll(file, target.bytes);
        else await writeBehind(file, target.body);
        stamp(file, target);
        if (written !== at) renameSync(written, at);
      } catch (error) {
        // The next leg begins this file afresh.
        rmSync(written, { force: true });
        throw error;
      } finally {
        closeSync(file);
      }
    },
    flush: () => Promise.resolve(),
    async finish() {
      expectNoLinks(folder);
      expectNoLinks(unfinished);
      await mkdir(unfinished, { recursive: true });
      // An empty folder in the place is replaced; one that is not makes this fail.
      await rename(unfinished, folder);
    },
    async discard() {
      await rm(unfinished, { recursive: true, force: true });
    },
  };
}

/** A file that is being written. */
interface NewFile {
  file: number;
  /** Where it is written, and where it belongs once it is whole. */
  written: string;
  at: string;
}

/** Something has the name of a file that is to be written. */
class NameTakenError extends Error {
  readonly code = 'EEXIST';
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
  return ['EEXIST', 'EISDIR', 'ENOTDIR', 'ENAMETOOLONG'].includes(String(code));
}
