import { endless } from '../../../functions/shared/snapshot/read/leg-over.ts';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { restoreFiles, preview } from '../../../functions/shared/snapshot/restore/restore.ts';
import { folderTarget } from '../../../functions/shared/snapshot/restore/folder-target.ts';
import { selectionOf } from '../../../functions/shared/snapshot/restore/selection.ts';
import { verifyStretch } from '../../../functions/shared/snapshot/read/verify.ts';
import {
  filesIn,
  givenFolder,
  hashes,
  inWorkspace,
  privateKey,
  publicKey,
  takeSnapshot,
  type TakenSnapshot,
} from './given.ts';

const frame = 1024 * 1024;
const everything = { from: { segment: 1, offset: 0 }, to: 1 };

async function restored(
  snapshot: TakenSnapshot,
  paths?: string[],
): Promise<Record<string, string>> {
  const reader = await snapshot.open({ privateKey });
  const wanted = selectionOf(paths);
  const { segments } = await preview(reader, wanted, { target: 'objects', names: 'exact' });
  const folder = join(givenFolder({}), 'restored');
  const target = folderTarget(folder, 'test');
  const from = { segment: Math.min(...segments), offset: 0 };
  await restoreFiles(reader, { wanted, segments }, target, from, endless);
  await target.finish();
  return hashes(filesIn(folder));
}

describe('a snapshot', () => {
  it('opens with its passphrase', async () => {
    const snapshot = await takeSnapshot({ files: { a: 'a' } });

    expect((await verifyStretch(await snapshot.open(), everything, endless)).files).toBe(1);
  });

  it('gives back what was stored, byte for byte', async () => {
    const files = {
      'notes.md': '# Notes\n',
      empty: '',
      'one byte': 'x',
      'frame - 1': randomBytes(frame - 1),
      frame: randomBytes(frame),
      'frame + 1': randomBytes(frame + 1),
      large: randomBytes(9 * frame + 17),
      'deep/er/and/deeper/é\n".txt': 'odd',
    };

    const snapshot = await takeSnapshot({ files, locks: { publicKey } });

    expect(await restored(snapshot)).toEqual(inWorkspace(files));
  });

  it('is the same when it takes many legs, in the middle of files too', async () => {
    const files = { a: randomBytes(11 * frame), b: 'small', c: randomBytes(7 * frame + 3), d: '' };

    const snapshot = await takeSnapshot({ files, locks: { publicKey }, callsPerLeg: 3 });

    expect(snapshot.legs).toBeGreaterThan(3);
    expect(await restored(snapshot)).toEqual(inWorkspace(files));
    const reader = await snapshot.open({ privateKey });
    const all = { from: { segment: 1, offset: 0 }, to: reader.last };
    expect(await verifyStretch(reader, all, endless)).toEqual({
      files: 4,
      bytes: 18 * frame + 8,
    });
  });

  it('can be read back in legs as well', async () => {
    const files = { a: 'a', b: randomBytes(5 * frame), c: 'c', d: randomBytes(5 * frame), e: 'e' };
    const snapshot = await takeSnapshot({
      files,
      locks: { publicKey },
      limits: { bytes: frame, files: 2 },
    });
    const reader = await snapshot.open({ privateKey });

    let from = { segment: 1, offset: 0 };
    let count = 0;
    for (let leg = 0; leg < 20; leg++) {
      const done = await verifyStretch(
        reader,
        { from, to: reader.last },
        { ...endless, up: () => true },
      );
      count += done.files;
      if (!done.next) break;
      from = done.next;
    }

    expect(count).toBe(5);
  });

  it('gives back only what is asked for, and reads no other segment', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [
        `folder${index % 4}/${index}`,
        randomBytes(frame / 2),
      ]),
    );
    const snapshot = await takeSnapshot({
      files,
      locks: { publicKey },
      limits: { bytes: frame, files: 100 },
    });
    const reads: string[] = [];
    const read = snapshot.store.read.bind(snapshot.store);
    snapshot.store.read = (name, range) => {
      reads.push(name);
      return read(name, range);
    };

    const found = await restored(snapshot, ['folder2']);

    const wanted = Object.entries(files).filter(([path]) => path.startsWith('folder2/'));
    expect(found).toEqual(inWorkspace(Object.fromEntries(wanted)));
    expect(reads.filter((name) => name.includes('.tar.')).length).toBeLessThan(
      snapshot.manifest.segments.length / 2,
    );
  });

  it('holds for any files, segments and legs', async () => {
    const name = fc
      .stringMatching(/^[^/\0]{1,20}$/u)
      .filter((text) => !['.', '..'].includes(text) && Buffer.byteLength(text) < 200);
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.nat(2 * frame).map((size) => Buffer.alloc(size, 'ab')),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(name, content, { maxKeys: 8, noNullPrototype: true }),
        fc.integer({ min: 32_768, max: 2 * frame }),
        fc.integer({ min: 2, max: 40 }),
        fc.boolean(),
        async (raw, bytes, callsPerLeg, encrypt) => {
          const files = Object.fromEntries(
            Object.entries(raw).map(([path, data]) => [path, Buffer.from(data)]),
          );
          if (Object.keys(files).length === 0) return;
          const snapshot = await takeSnapshot({
            files,
            locks: { publicKey },
            limits: { bytes, files: 3 },
            callsPerLeg,
            encrypt,
          });
          expect(await restored(snapshot)).toEqual(inWorkspace(files));
        },
      ),
      { numRuns: 20 },
    );
  });
});
