import { mkdirSync, openSync, writeSync, closeSync, futimesSync, fchmodSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hash } from 'node:crypto';
import type { RestoredFile, RestoreTarget } from './target.ts';

/** Bits of a mode that a restore may set: never setuid, setgid or sticky. */
const permissionBits = 0o777;

/**
 * A folder of this machine, which must be new or empty. Everything is written beside it, to a folder
 * that is named after the run, and moved there at the end: it is there whole or not at all.
 *
 * Small files are written synchronously: ten thousand of them take less time so than the waiting
 * for as many callbacks would.
 */
export function folderTarget(folder: string, runId: string): RestoreTarget & { renamed: string[] } {
  const unfinished = `${folder}.incomplete-${runId}`;
  const made = new Set<string>();
  const renamed: string[] = [];
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
      renamed.push(path);
      const other = join(unfinished, 'renamed', hash('sha256', path).slice(0, 16), 'file');
      parentOf(other);
      return { file: openSync(other, 'wx', 0o600), at: other };
    }
  };
  return {
    description: folder,
    renamed,
    async isOccupied() {
      try {
        return (await readdir(folder)).length > 0;
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
        throw error;
      }
    },
    async write(target) {
      const { file } = create(target.path);
      try {
        if (target.bytes) writeAll(file, target.bytes);
        else for await (const chunk of target.body) writeAll(file, chunk);
        stamp(file, target);
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
