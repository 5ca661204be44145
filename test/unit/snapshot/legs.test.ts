import { hash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WorkspaceSyncError } from '../../../functions/shared/errors.ts';
import { manifestName } from '../../../functions/shared/snapshot/names.ts';
import { readCatalog } from '../../../functions/shared/snapshot/read/catalog.ts';
import { MemorySnapshotStore } from '../../fixtures/memory-snapshot-store.ts';
import { edited } from '../../fixtures/snapshot-forgery.ts';
import { RestlessSource } from '../../fixtures/snapshot-source.ts';
import {
  filesIn,
  givenFolder,
  hashes,
  inWorkspace,
  restoreAll,
  snapshotId,
  takeSnapshot,
  verifyAll,
  type TakenSnapshot,
} from './given.ts';

const mebibyte = 1024 * 1024;
const files = {
  'a.md': 'a',
  'b.md': 'b'.repeat(3_000),
  'large.bin': Buffer.from(
    new Uint8Array(5 * mebibyte).map((_, at) => (at * 7 + (at >> 11)) & 255),
  ),
  'y.md': 'y',
  'z/empty': '',
};
const stored = inWorkspace(files);

function locations(source = new RestlessSource(files)) {
  return [{ name: 'workspace' as const, source, roots: [''] }];
}

async function expectWhole(snapshot: TakenSnapshot, what: string): Promise<void> {
  const reader = await snapshot.open();
  expect((await verifyAll(reader)).files, what).toBe(5);
  const folder = join(givenFolder({}), 'restored');
  await restoreAll(reader, folder);
  expect(hashes(filesIn(folder)), what).toEqual(stored);
}

describe('a snapshot that a leg ends in', () => {
  it('is whole wherever the leg ends', async () => {
    let cut = 2;
    for (let legs = 2; legs > 1; cut++) {
      const snapshot = await takeSnapshot({ locations: locations(), encrypt: false, cuts: [cut] });
      ({ legs } = snapshot);
      await expectWhole(snapshot, `cut after ${cut} calls`);
    }
    // It was cut in the middle of the large file as well as before and behind it.
    expect(cut).toBeGreaterThan(20);
  });

  it('is whole when every leg ends as soon as it can', async () => {
    const snapshot = await takeSnapshot({ locations: locations(), encrypt: false, callsPerLeg: 3 });
    expect(snapshot.legs).toBeGreaterThan(10);
    await expectWhole(snapshot, 'short legs');
  });

  it('reads and packs nothing twice', async () => {
    const source = new RestlessSource(files);
    const snapshot = await takeSnapshot({
      locations: locations(source),
      encrypt: false,
      cuts: [16],
    });

    expect(snapshot.legs).toBe(2);
    const { segments } = snapshot.manifest;
    const packed = segments.reduce((sum, { archive }) => sum + archive.archiveBytes, 0);
    const whole = await takeSnapshot({ locations: locations(), encrypt: false });
    const archive = whole.manifest.segments[0]?.archive.archiveBytes;
    expect(packed).toBe(archive);
  });
});

describe('a manifest', () => {
  it('that this run has already written stands, and is the run’s', async () => {
    const store = new MemorySnapshotStore();
    const create = store.create.bind(store);
    // The answer to the first write is lost, and what writes it again finds the name taken.
    store.create = async (name, bytes) => {
      const written = await create(name, bytes);
      return name === manifestName(snapshotId) ? false : written;
    };

    const snapshot = await takeSnapshot({ locations: locations(), store, encrypt: false });

    await expectWhole(snapshot, 'lost answer');
    const { snapshots } = await readCatalog(store, 'main');
    expect(snapshots).toHaveLength(1);
    const object = store.objects.get(manifestName(snapshotId));
    expect(snapshots[0]?.sha256).toBe(hash('sha256', object?.bytes ?? ''));
  });

  it.each([
    ['of another agent', (body: { agent: string }) => (body.agent = 'other')],
    ['of other segments', (body: { segments: unknown[] }) => body.segments.pop()],
  ])('that somebody else has put there, %s, is not taken for ours', async (_, edit) => {
    const limits = { bytes: mebibyte, files: 10 };
    const first = await takeSnapshot({ locations: locations(), encrypt: false, limits });
    const forged = edited(
      first.store.objects.get(manifestName(snapshotId))?.bytes ?? Buffer.alloc(0),
      edit,
    );
    const store = new MemorySnapshotStore();
    store.objects.set(manifestName(snapshotId), { bytes: forged, modified: 0 });

    const second = takeSnapshot({ locations: locations(), store, encrypt: false, limits });

    await expect(second).rejects.toThrow('is already in');
    await expect(second).rejects.toBeInstanceOf(WorkspaceSyncError);
  });
});
