import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  createMemberGuard,
  decompressFrames,
  gunzip,
} from '../../../../functions/shared/snapshot/archive/index.ts';
import { chunksOf, collect, givenArchive, list } from './given.ts';
import { vectorFiles } from './vector-files.ts';

const folder = new URL('../../../fixtures/snapshot-vectors/archive/', import.meta.url);

function vector(name: string): Buffer {
  return readFileSync(new URL(name, folder));
}

describe('an archive that an earlier version wrote', () => {
  it('is read as it was written', async () => {
    const members = await list(decompressFrames(chunksOf(vector('odd-names.tar.zst'))));

    expect(members).toEqual(
      vectorFiles.map(({ path, content, modified, mode }) => ({
        path,
        kind: 'file',
        size: Buffer.byteLength(content),
        modified,
        mode,
        content,
      })),
    );
  });

  it('is written the same today, byte for byte', async () => {
    const archive = await collect(decompressFrames(chunksOf(vector('odd-names.tar.zst'))));

    expect(archive.equals(givenArchive(...vectorFiles))).toBe(true);
  });
});

describe('an archive that another program wrote', () => {
  it.each(['gnu-tar-gnu', 'gnu-tar-pax', 'python-gnu', 'python-pax'])(
    'is read as it was written: %s',
    async (name) => {
      const members = await list(gunzip(chunksOf(vector(`${name}.tar.gz`))));
      const guard = createMemberGuard({ members: 100 });

      expect(members).toEqual(JSON.parse(vector(`${name}.json`).toString()));
      expect(members.filter((member) => guard.problem(member) !== undefined)).toEqual([]);
    },
  );
});
