import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCatalog, summaryOf } from '../../../functions/shared/snapshot/read/catalog.ts';
import { MemorySnapshotStore } from '../../fixtures/memory-snapshot-store.ts';
import { filesIn, givenFolder, hashes, openSnapshot, restoreAll, verifyAll } from './given.ts';

const vectors = join(import.meta.dirname, '../../fixtures/snapshot-vectors/v1');
const id = '20261122T101500Z-0123abcd';

function givenStore(vector: string): MemorySnapshotStore {
  const store = new MemorySnapshotStore();
  for (const name of readdirSync(join(vectors, vector))) {
    const bytes = readFileSync(join(vectors, vector, name));
    store.objects.set(name, { bytes, modified: store.now });
  }
  return store;
}

describe.each(['encrypted', 'unencrypted'])('a snapshot of format version 1, %s,', (vector) => {
  const expected = JSON.parse(readFileSync(join(vectors, 'expected.json'), 'utf8')) as object;

  it('is listed', async () => {
    const { snapshots, damaged, orphans } = await readCatalog(givenStore(vector), 'main');

    expect({ damaged, orphans }).toEqual({ damaged: [], orphans: [] });
    const [snapshot] = snapshots;
    expect(snapshot && summaryOf(snapshot.manifest)).toMatchObject({
      id,
      createdAt: '2026-11-22T10:15:00.000Z',
      files: Object.keys(expected).length,
      encrypted: vector === 'encrypted',
      databasesInUse: 1,
    });
    expect(snapshot?.manifest.segments.length).toBeGreaterThan(3);
    expect(new Set(snapshot?.manifest.segments.map(({ leg }) => leg)).size).toBe(2);
  });

  it('is found good', async () => {
    const reader = await openSnapshot(givenStore(vector), id);
    expect((await verifyAll(reader)).files).toBe(Object.keys(expected).length);
  });

  it('comes back with every file as it was', async () => {
    const folder = join(givenFolder({}), 'restored');
    await restoreAll(await openSnapshot(givenStore(vector), id), folder);
    expect(hashes(filesIn(folder))).toEqual(expected);
  });
});
