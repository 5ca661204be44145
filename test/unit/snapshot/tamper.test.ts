import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { WorkspaceSyncError } from '../../../functions/shared/errors.ts';
import { parseManifest, type Manifest } from '../../../functions/shared/snapshot/manifest.ts';
import { manifestName } from '../../../functions/shared/snapshot/names.ts';
import { readCatalog } from '../../../functions/shared/snapshot/read/catalog.ts';
import { isDamage } from '../../../functions/shared/snapshot/read/damage.ts';
import { MemorySnapshotStore } from '../../fixtures/memory-snapshot-store.ts';
import { edited, underAnotherId, type ManifestFile } from '../../fixtures/snapshot-forgery.ts';
import { folderOfTest } from '../../fixtures/temporary-folder.ts';
import {
  filesIn,
  hashes,
  inWorkspace,
  openSnapshot,
  passphrase,
  privateKey,
  publicKey,
  restoreAll,
  snapshotId,
  takeSnapshot,
  verifyAll,
} from './given.ts';

const kib = 1024;
const files = {
  'AGENTS.md': 'who I am\n',
  'a/large.bin': Buffer.alloc(150 * kib, 'not all the same, '),
  'b/noise.bin': Buffer.from(
    Array.from({ length: 40 * kib }, (_, index) => (index * index * 31 + (index >> 3)) & 255),
  ),
  'c/é "quoted"\n.txt': 'odd\n',
  'd/empty': '',
};
const otherId = '20261123T101500Z-4567cdef';
type Objects = ReadonlyMap<string, Buffer>;

interface Kind {
  title: string;
  options: Parameters<typeof takeSnapshot>[0] & object;
}
const encrypted: Kind = { title: 'encrypted', options: { locks: { publicKey } } };
const open: Kind = { title: 'unencrypted', options: { encrypt: false } };

/** The objects of a snapshot of several segments, which two legs have written. */
async function givenObjects(
  { options }: Kind,
  more: Parameters<typeof takeSnapshot>[0] = {},
): Promise<Objects> {
  const limits = { bytes: 64 * kib, files: 2 };
  const { store, manifest } = await takeSnapshot({ files, limits, cuts: [8], ...options, ...more });
  expect(manifest.segments.length).toBeGreaterThan(3);
  expect(new Set(manifest.segments.map(({ leg }) => leg)).size).toBe(2);
  return new Map([...store.objects].map(([name, { bytes }]) => [name, bytes]));
}

function storeOf(objects: Objects): MemorySnapshotStore {
  const store = new MemorySnapshotStore();
  for (const [name, bytes] of objects) store.objects.set(name, { bytes, modified: store.now });
  return store;
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Verify says that it is damaged, and a restore leaves nothing behind. */
async function expectRefused(objects: Objects, what: string, id = snapshotId): Promise<void> {
  const store = storeOf(objects);
  const read = async (): Promise<unknown> =>
    verifyAll(await openSnapshot(store, id, { privateKey }));
  const failure = await failureOf(read());
  if (!isDamage(failure)) {
    throw new Error(`${what}: verify says ${String(failure)}`, { cause: failure });
  }
  const parent = folderOfTest('tamper-test');
  const bring = async (): Promise<void> =>
    restoreAll(await openSnapshot(store, id, { privateKey }), join(parent, 'restored'));
  expect(await failureOf(bring()), what).toBeInstanceOf(WorkspaceSyncError);
  expect(readdirSync(parent), what).toEqual([]);
}

async function expectNotListed(objects: Objects, what: string, id = snapshotId): Promise<void> {
  const { snapshots, damaged } = await readCatalog(storeOf(objects), 'main');
  expect(
    snapshots.map((snapshot) => snapshot.id),
    what,
  ).not.toContain(id);
  expect(
    damaged.map((each) => each.id),
    what,
  ).toContain(id);
}

function changed(objects: Objects, name: string, bytes: Buffer): Objects {
  return new Map([...objects, [name, bytes]]);
}

function flipped(bytes: Buffer, position: number, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(position) ^ (1 << bit), position);
  return copy;
}

/** Positions at both ends and evenly between. */
function sampled(length: number, count: number): number[] {
  const even = Array.from({ length: count }, (_, index) => Math.floor((index * length) / count));
  return [...new Set([...even, 1, length - 2, length - 1])].filter((at) => at >= 0 && at < length);
}

function manifestOf(objects: Objects): Manifest {
  return parseManifest(snapshotId, objects.get(manifestName(snapshotId)) ?? Buffer.alloc(0))
    .manifest;
}

function withManifest(objects: Objects, edit: (body: Manifest) => void): Objects {
  const name = manifestName(snapshotId);
  return changed(objects, name, edited(objects.get(name) ?? Buffer.alloc(0), edit));
}

function exchanged(objects: Objects, one: string, other: string): Objects {
  const [first, second] = [objects.get(one), objects.get(other)];
  if (!first || !second) throw new Error('There are no such objects.');
  return new Map([...objects, [one, second], [other, first]]);
}

describe.each([encrypted, open])('an object of a snapshot, $title,', (kind) => {
  let objects: Objects;
  let names: string[];
  beforeAll(async () => {
    objects = await givenObjects(kind);
    const { segments } = manifestOf(objects);
    names = segments.flatMap(({ archive, files: list }) => [archive.name, list.name]);
  });

  it('is what it is: untouched, everything is found good and comes back', async () => {
    const store = storeOf(objects);
    const reader = await openSnapshot(store, snapshotId, { privateKey });
    expect((await verifyAll(reader)).files).toBe(5);
    const folder = join(folderOfTest('tamper-test'), 'restored');
    await restoreAll(reader, folder);
    expect(hashes(filesIn(folder))).toEqual(inWorkspace(files));
    expect((await readCatalog(store, 'main')).snapshots.map(({ id }) => id)).toEqual([snapshotId]);
  });

  it('is refused when one bit of it is another', async () => {
    for (const name of names) {
      const bytes = objects.get(name) ?? Buffer.alloc(0);
      for (const position of sampled(bytes.length, 4)) {
        const what = `${name}, byte ${position}`;
        await expectRefused(changed(objects, name, flipped(bytes, position, position % 8)), what);
      }
    }
  });

  it('is refused when its tail is cut off or something is appended, and no longer listed', async () => {
    for (const name of names) {
      const bytes = objects.get(name) ?? Buffer.alloc(0);
      for (const length of [0, 1, bytes.length >> 1, bytes.length - 16, bytes.length - 1]) {
        const cut = changed(objects, name, bytes.subarray(0, length));
        await expectRefused(cut, `${name} cut to ${length}`);
        await expectNotListed(cut, `${name} cut to ${length}`);
      }
      for (const tail of [Buffer.from([0]), bytes]) {
        const longer = changed(objects, name, Buffer.concat([bytes, tail]));
        await expectRefused(longer, `${name} with ${tail.length} more`);
        await expectNotListed(longer, `${name} with ${tail.length} more`);
      }
    }
  });

  it('is missed when it is missing', async () => {
    for (const name of names) {
      const rest = new Map(objects);
      rest.delete(name);
      await expectNotListed(rest, name);
      const reader = await openSnapshot(storeOf(rest), snapshotId, { privateKey });
      await expect(verifyAll(reader), name).rejects.toThrow(name);
    }
  });

  it('is refused under the name of another, of its own snapshot too', async () => {
    const [first, second] = manifestOf(objects).segments;
    if (!first || !second) throw new Error('There are too few segments.');
    const pairs = [
      [first.archive.name, second.archive.name],
      [first.files.name, second.files.name],
      [first.archive.name, first.files.name],
    ] as const;
    for (const [one, other] of pairs) {
      await expectRefused(exchanged(objects, one, other), `${one} for ${other}`);
    }
  });

  it('is refused where it is the one of another snapshot of the same files', async () => {
    const other = await givenObjects(kind, { id: otherId, files: { ...files, 'd/empty': 'x' } });
    for (const name of names) {
      const foreign = other.get(name.replace(snapshotId, otherId));
      const own = objects.get(name);
      if (foreign && own && !foreign.equals(own)) {
        await expectRefused(changed(objects, name, foreign), name);
      }
    }
  });
});

describe('a manifest, encrypted,', () => {
  let objects: Objects;
  beforeAll(async () => {
    objects = await givenObjects(encrypted);
  });
  const name = manifestName(snapshotId);

  it('is refused when one bit of it is another', async () => {
    const bytes = objects.get(name) ?? Buffer.alloc(0);
    const before = parseManifest(snapshotId, bytes);
    for (const position of sampled(bytes.length, 150)) {
      const tampered = flipped(bytes, position, position % 7);
      if (meansTheSame(tampered, before)) continue;
      const store = storeOf(changed(objects, name, tampered));
      const failure = await failureOf(openSnapshot(store, snapshotId, { privateKey }));
      // A description of other keys is one that no key of ours is for.
      const isOtherKey =
        failure instanceof WorkspaceSyncError &&
        ['snapshot-wrong-key', 'snapshot-no-key'].includes(failure.code);
      expect(isDamage(failure) || isOtherKey, `byte ${position}: ${String(failure)}`).toBe(true);
    }
  });

  /** Base64 has bits at its end that say nothing. */
  function meansTheSame(bytes: Buffer, before: ReturnType<typeof parseManifest>): boolean {
    try {
      const { text, seal } = parseManifest(snapshotId, bytes);
      return text === before.text && seal?.equals(before.seal ?? Buffer.alloc(0)) === true;
    } catch {
      return false;
    }
  }

  it('is refused, and not listed, when its tail is cut off', async () => {
    const bytes = objects.get(name) ?? Buffer.alloc(0);
    for (const length of sampled(bytes.length - 2, 20)) {
      const cut = changed(objects, name, bytes.subarray(0, length));
      await expectRefused(cut, `cut to ${length}`);
      await expectNotListed(cut, `cut to ${length}`);
    }
  });

  const edits: [string, (body: Manifest) => void][] = [
    ['the agent', (body) => (body.agent = 'other')],
    ['the number of files', (body) => (body.files -= 1)],
    ['the time', (body) => (body.createdAt = '2099-01-01T00:00:00.000Z')],
    ['what is missing', (body) => (body.missing = ['memory'])],
    ['the snapshot before', (body) => (body.previous = { id: otherId, sha256: '0'.repeat(64) })],
    ['its last segment, dropped,', (body) => body.segments.pop()],
    ['the order of its segments', (body) => body.segments.reverse()],
    [
      'the order of its segments, numbered anew,',
      (body) => {
        body.segments.reverse();
        body.segments.forEach((segment, index) => (segment.number = index + 1));
      },
    ],
    [
      'the hash of a segment',
      (body) => body.segments[0] && (body.segments[0].archive.sha256 = '0'.repeat(64)),
    ],
    ['its encryption', (body) => (body.encryption = null)],
  ];
  it.each(edits)('does not open when %s is another', async (_, edit) => {
    await expectRefused(withManifest(objects, edit), 'edited');
  });

  it('of a later version says so, and is no snapshot to this release', async () => {
    const bytes = objects.get(name)?.toString() ?? '';
    const later = changed(
      objects,
      name,
      Buffer.from(bytes.replace('"version": 1', '"version": 2')),
    );
    await expectRefused(later, 'version 2');
    await expectNotListed(later, 'version 2');
    await expect(openSnapshot(storeOf(later), snapshotId, { privateKey })).rejects.toThrow(
      'format version 2',
    );
  });

  it.each([
    ['none', null],
    ['an empty one', ''],
    ['one of noise', Buffer.from('noise').toString('base64')],
  ])('is refused without its seal: %s', async (_, seal) => {
    const { body } = JSON.parse(objects.get(name)?.toString() ?? '') as ManifestFile;
    const unsealed = Buffer.from(JSON.stringify({ body, seal }));
    await expectRefused(changed(objects, name, unsealed), 'seal');
  });

  it('is refused with the seal of another snapshot of the same agent and key', async () => {
    const other = await givenObjects(encrypted, { id: otherId });
    const { seal } = JSON.parse(other.get(manifestName(otherId))?.toString() ?? '') as ManifestFile;
    const { body } = JSON.parse(objects.get(name)?.toString() ?? '') as ManifestFile;
    await expectRefused(
      changed(objects, name, Buffer.from(JSON.stringify({ body, seal }))),
      'seal of another',
    );
  });

  it('is refused under the name of another snapshot, with all its objects, same key', async () => {
    const renamed = underAnotherId(objects, { from: snapshotId, to: otherId });
    await expectRefused(renamed, 'renamed and edited', otherId);
    const copied = new Map(
      [...objects].map(([each, bytes]) => [each.replace(snapshotId, otherId), bytes]),
    );
    await expectRefused(copied, 'renamed', otherId);
    await expectNotListed(copied, 'renamed', otherId);
  });

  it('of another agent is refused as one of ours, with the same passphrase too', async () => {
    const locks = { locks: { passphrase } };
    const foreign = await takeSnapshot({ files: { a: 'a' }, agent: 'other', ...locks });
    const ours = foreign.store.objects;
    const bytes = ours.get(name)?.bytes ?? Buffer.alloc(0);
    ours.set(name, { bytes: edited(bytes, (body) => (body.agent = 'main')), modified: 0 });
    expect((await readCatalog(foreign.store, 'main')).snapshots).toHaveLength(1);

    const failure = await failureOf(foreign.open({ passphrase }));

    expect(failure).toMatchObject({ code: 'snapshot-foreign-message' });
    expect(isDamage(failure)).toBe(true);
  });

  it('does not become one of ours by lying in our folder', async () => {
    const foreign = await takeSnapshot({ files: { a: 'a' }, agent: 'other', ...encrypted.options });
    const { snapshots, foreign: count } = await readCatalog(foreign.store, 'main');
    expect({ snapshots, count }).toEqual({ snapshots: [], count: 1 });
  });
});

describe('a manifest, unencrypted,', () => {
  let objects: Objects;
  beforeAll(async () => {
    objects = await givenObjects(open);
  });

  it('with one other bit is refused, or brings exactly what was stored', async () => {
    const name = manifestName(snapshotId);
    const bytes = objects.get(name) ?? Buffer.alloc(0);
    const parent = folderOfTest('tamper-test');
    for (const position of sampled(bytes.length, 60)) {
      const store = storeOf(changed(objects, name, flipped(bytes, position, position % 7)));
      const folder = join(parent, String(position));
      const bring = async (): Promise<void> =>
        restoreAll(await openSnapshot(store, snapshotId), folder);
      const failure = await failureOf(bring());
      if (failure === undefined) expect(hashes(filesIn(folder))).toEqual(inWorkspace(files));
      else expect(failure, `byte ${position}`).toBeInstanceOf(WorkspaceSyncError);
    }
  });

  const edits: [string, (body: Manifest) => void][] = [
    ['the number of files', (body) => (body.files -= 1)],
    ['the number of bytes', (body) => (body.bytes += 1)],
    ['its last segment, dropped,', (body) => body.segments.pop()],
    ['its first segment, dropped,', (body) => body.segments.shift()],
    ['the order of its segments', (body) => body.segments.reverse()],
    [
      'the order of its segments, numbered anew,',
      (body) => {
        body.segments.reverse();
        body.segments.forEach((segment, index) => (segment.number = index + 1));
      },
    ],
  ];
  it.each(edits)('is refused when %s is another', async (_, edit) => {
    await expectRefused(withManifest(objects, edit), 'edited');
  });

  it('cannot be told from a forgery that agrees with itself: nothing proves who wrote it', async () => {
    const forged = underAnotherId(objects, { from: snapshotId, to: otherId }, (body) => {
      body.createdAt = '2026-11-23T10:15:00.000Z';
    });
    const reader = await openSnapshot(storeOf(forged), otherId);
    expect((await verifyAll(reader)).files).toBe(5);
  });
});
