import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { hash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { folded, TakenNames } from '../archive/index.ts';
import { NameTable } from '../archive/name-table.ts';
import { folderRemote, type Remote } from '../../rclone/remote.ts';
import { isMissingFolder, parseListing } from '../../rclone/listing.ts';
import { RcloneError, type RcloneResult, type RcloneSession } from '../../rclone/session.ts';
import type { RestoreTarget } from './target.ts';

/** Small files are sent together, this many bytes of them or this many at a time. */
const batch = { bytes: 64 * 1024 * 1024, files: 2_000 };

/** Segments longer than this are more than most file systems take, the scratch folder's included. */
const longestName = 255;

/**
 * A folder of an rclone remote, which must be new or empty. What rclone says it has copied is held
 * against what it was given: a name that the remote does not take ends the restore.
 *
 * Of files whose names differ only in case or Unicode form, or of which one would lie in the other,
 * the first keeps its name: nobody knows whether the remote tells them apart or lets the second
 * replace the first.
 */
export function remoteTarget(
  session: RcloneSession,
  remote: Remote,
  folder: string,
): RestoreTarget & { collisions: string[] } {
  const place = { remote, path: folder };
  const collisions: string[] = [];
  const names = new TakenNames(Infinity, false);
  /** What earlier legs have written; one that was killed writes some of it again. */
  const earlier = new NameTable();
  let looked = false;
  let scratch: string | undefined;
  let files = 0;
  let bytes = 0;
  const list = async (): Promise<string> => {
    const result = await session.run({ kind: 'list', from: place });
    if (isMissingFolder(result)) return '[]';
    if (result.outcome !== 'done') throw new RcloneError('The target cannot be listed', result);
    return result.stdout;
  };
  const look = async (): Promise<void> => {
    if (looked) return;
    for (const { path } of parseListing(await list()).files) {
      earlier.set(path, 1);
      names.takeFile(folded(path));
    }
    looked = true;
  };
  const nameOf = (path: string): string => {
    if (earlier.get(path) !== 0) return path;
    if (fits(path) && names.takeFile(folded(path)) === undefined) return path;
    collisions.push(path);
    return `renamed/${hash('sha256', path).slice(0, 16)}/file`;
  };
  const send = async (): Promise<void> => {
    if (scratch === undefined) return;
    const from = { remote: folderRemote('batch', scratch), path: '' };
    const result = await session.run({ kind: 'copy-folder', from, to: place });
    await rm(scratch, { recursive: true, force: true });
    const given = files;
    [scratch, files, bytes] = [undefined, 0, 0];
    expectAll(result, given);
  };
  return {
    description: `${remote.options['type'] ?? 'remote'} folder ${remote.root}/${folder}`,
    collisions,
    async isOccupied() {
      looked = !(await list()).includes('{');
      return !looked;
    },
    async write(file) {
      await look();
      const path = nameOf(file.path);
      if (file.bytes === undefined) {
        await session.write({ remote, path: `${folder}/${path}` }, file.body);
        return;
      }
      scratch ??= await mkdtemp(join(session.folder, 'batch-'));
      const at = join(scratch, path);
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, file.bytes, { flag: 'wx' });
      const seconds = file.modified / 1_000;
      utimesSync(at, seconds, seconds);
      files++;
      bytes += file.size;
      if (bytes >= batch.bytes || files >= batch.files) await send();
    },
    flush: send,
    finish: () => Promise.resolve(),
    async discard() {
      if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
      const result = await session.run({ kind: 'purge', at: place });
      if (result.outcome !== 'done' && result.outcome !== 'not-found') {
        throw new RcloneError('What was restored cannot be removed', result);
      }
    },
  };
}

function fits(path: string): boolean {
  return path.split('/').every((name) => Buffer.byteLength(name) <= longestName);
}

/** rclone may pass over a file and call it a success. */
function expectAll(result: RcloneResult, given: number): void {
  const what = 'Restored files cannot be written';
  if (result.outcome !== 'done') throw new RcloneError(what, result);
  const { copied } = result.account;
  if (copied.length === given) return;
  const message = `of ${given} files ${copied.length} were copied: the remote does not take all of their names`;
  const account = { ...result.account, errors: [{ message }] };
  throw new RcloneError(what, { ...result, outcome: 'fatal', account });
}
