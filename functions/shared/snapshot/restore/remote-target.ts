import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { folderRemote, type Remote } from '../../rclone/remote.ts';
import { isMissingFolder } from '../../rclone/listing.ts';
import { RcloneError, type RcloneSession } from '../../rclone/session.ts';
import type { RestoreTarget } from './target.ts';

/** Small files are sent together, this many bytes of them or this many at a time. */
const batch = { bytes: 64 * 1024 * 1024, files: 2_000 };

/** A folder of an rclone remote, which must be new or empty. */
export function remoteTarget(
  session: RcloneSession,
  remote: Remote,
  folder: string,
): RestoreTarget {
  const place = { remote, path: folder };
  let scratch: string | undefined;
  let names: string[] = [];
  let bytes = 0;
  const send = async (): Promise<void> => {
    if (scratch === undefined) return;
    const from = { remote: folderRemote('batch', scratch), path: '' };
    const result = await session.run({
      kind: 'copy-named',
      from,
      to: place,
      files: names,
      compare: 'always',
    });
    await rm(scratch, { recursive: true, force: true });
    [scratch, names, bytes] = [undefined, [], 0];
    if (result.outcome !== 'done')
      throw new RcloneError('Restored files cannot be written', result);
  };
  return {
    description: `${remote.options['type'] ?? 'remote'} folder ${remote.root}/${folder}`,
    async isOccupied() {
      const result = await session.run({ kind: 'list', from: place });
      if (isMissingFolder(result)) return false;
      if (result.outcome !== 'done') throw new RcloneError('The target cannot be listed', result);
      return result.stdout.includes('{');
    },
    async write(file) {
      if (file.bytes === undefined) {
        await session.write({ remote, path: `${folder}/${file.path}` }, file.body);
        return;
      }
      scratch ??= await mkdtemp(join(session.folder, 'batch-'));
      const at = join(scratch, file.path);
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, file.bytes, { flag: 'wx' });
      const seconds = file.modified / 1_000;
      utimesSync(at, seconds, seconds);
      names.push(file.path);
      bytes += file.size;
      if (bytes >= batch.bytes || names.length >= batch.files) await send();
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
