import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isDamage } from '../../../functions/shared/snapshot/read/damage.ts';
import { endless } from '../../../functions/shared/snapshot/read/leg-over.ts';
import { verifyStretch } from '../../../functions/shared/snapshot/read/verify.ts';
import { folderSource } from '../../../functions/shared/snapshot/source/folder-source.ts';
import {
  filesIn,
  givenFolder,
  restoreAll,
  takeSnapshot,
  type TakenSnapshot,
  verifyAll,
} from './given.ts';

/** A snapshot of a store that knows names which no file system has beside each other. */
async function givenSnapshotOf(...keys: string[]): Promise<TakenSnapshot> {
  const locations = keys.map((key) => ({
    name: 'workspace' as const,
    source: folderSource(givenFolder({ [key]: `content of ${key}` })),
    roots: [''],
  }));
  return takeSnapshot({ locations, encrypt: false, limits: { bytes: 1e6, files: 1 } });
}

it('brings back the keys a and a/b, which a bucket holds beside each other', async () => {
  const snapshot = await givenSnapshotOf('a', 'a/b', 'a/c');
  const parent = givenFolder({ here: '' });

  expect(await verifyAll(await snapshot.open())).toMatchObject({ files: 3 });
  await restoreAll(await snapshot.open(), join(parent, 'restored'));

  const texts = Object.values(filesIn(join(parent, 'restored'))).map(String);
  expect(texts.sort()).toEqual(['content of a', 'content of a/b', 'content of a/c']);
  rmSync(parent, { recursive: true });
});

it('calls a snapshot damaged of which no restore would come', async () => {
  const snapshot = await givenSnapshotOf('a', 'b', 'a');
  const failure = await verifyAll(await snapshot.open()).catch((error: unknown) => error);

  expect(failure).toMatchObject({ code: 'hostile-archive' });
  expect(isDamage(failure)).toBe(true);
  const restoring = restoreAll(await snapshot.open(), '/nowhere/restored');
  await expect(restoring).rejects.toMatchObject({ code: 'hostile-archive' });
});

it('finds a name twice also where the legs of a verification have seen one each', async () => {
  const snapshot = await givenSnapshotOf('a', 'b', 'a');
  const reader = await snapshot.open();
  const last = { from: { segment: 3, offset: 0 }, to: reader.last };

  await expect(verifyStretch(reader, last, endless)).rejects.toMatchObject({
    code: 'hostile-archive',
  });
});
