import { hash } from 'node:crypto';
import { rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { GuardPolicy } from '../functions/shared/snapshot/archive/index.ts';
import { folderTarget } from '../functions/shared/snapshot/restore/folder-target.ts';
import {
  TargetOccupiedError,
  type RestoreTarget,
} from '../functions/shared/snapshot/restore/target.ts';
import { UsageError } from './errors.ts';
import { windowsPath } from './windows-names.ts';

/**
 * Names that would lead out of the folder are refused everywhere. Those that only this system cannot
 * hold get other names, here or in the folder target: they must not stop everything else.
 */
export const namePolicy: GuardPolicy = { target: 'objects', names: 'exact' };

/** A folder to restore to, and which files got other names there. */
export interface KitTarget extends RestoreTarget {
  renamings(): { from: string; to: string }[];
}

/** @param onFile told of every file before it is written; what it throws ends the restore */
export function kitTarget(folder: string, runId: string, onFile: () => void): KitTarget {
  const target = folderTarget(folder, runId);
  const translated = new Map<string, string>();
  const placeOf = process.platform === 'win32' ? windowsPath : (path: string) => path;
  return {
    ...target,
    async write(file) {
      onFile();
      const path = placeOf(file.path);
      if (path !== file.path) translated.set(path, file.path);
      await target.write({ ...file, path });
    },
    async finish() {
      // Windows does not put a folder in the place of another, even of an empty one.
      if (process.platform === 'win32') await rmdir(folder).catch(() => undefined);
      await target.finish();
    },
    renamings() {
      const beside = target.collisions.map((path) => ({
        from: translated.get(path) ?? path,
        to: `renamed/${hash('sha256', path).slice(0, 16)}/file`,
      }));
      const moved = new Set(target.collisions);
      const others = [...translated].filter(([path]) => !moved.has(path));
      return [...others.map(([to, from]) => ({ from, to })), ...beside];
    },
  };
}

/**
 * Refuses a place that cannot become the restored folder, before hours of work go into it.
 * @throws UsageError, TargetOccupiedError
 */
export async function refuseUnfit(target: RestoreTarget): Promise<void> {
  const folder = target.description;
  const facts = await stat(folder).catch(() => undefined);
  if (facts && !facts.isDirectory()) {
    throw new UsageError(`${JSON.stringify(folder)} is a file; --to needs a new or empty folder.`);
  }
  if (await target.isOccupied()) throw new TargetOccupiedError(folder);
  const parent = facts && (await stat(dirname(folder)).catch(() => undefined));
  if (parent && parent.dev !== facts.dev) {
    throw new UsageError(
      `${JSON.stringify(folder)} is a disk of its own, whose folder cannot be replaced: name a new folder on it, like ${JSON.stringify(`${folder}/restored`)}.`,
    );
  }
}
