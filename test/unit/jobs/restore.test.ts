import { hash } from 'node:crypto';
import { gzipSync, zstdCompressSync, constants } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatManifest, manifestText } from '../../../functions/shared/snapshot/manifest.ts';
import { manifestName } from '../../../functions/shared/snapshot/names.ts';
import type { ManifestFile } from '../../fixtures/snapshot-forgery.ts';
import { takeLease, type Lease } from '../../../functions/shared/state/lease.ts';
import { SnapshotWorld, givenAgent, givenOpenAgent } from '../../fixtures/snapshot-world.ts';
import { forged, givenArchive, givenMember } from '../snapshot/archive/given.ts';

let world: SnapshotWorld;
beforeAll(async () => {
  world = await SnapshotWorld.start();
});
afterAll(() => world.stop());
beforeEach(() => {
  world.reset();
  world.givenFiles(files);
});

const files = { 'AGENTS.md': 'who I am', 'notes/a.md': 'a', '_inbox/drop.txt': 'unread' };
const agent = givenAgent();
const openAgent = givenOpenAgent();
const live = { target: 'live', confirm: 'overwrite-live-files' } as const;

function workspace(): Record<string, string> {
  return world.restored('main/workspace/');
}

const scopes = ['sync', 'inbox', 'retained'];

/** Another run that holds one of the agent's leases. */
async function givenAtWork(of: string): Promise<Lease> {
  const clock = { now: () => world.now, sleep: () => Promise.resolve() };
  const [scope, runId] = [`agents/main/${of}`, `${of}-at-work`];
  const request = { scope, runId, leg: 1, deadline: world.now + 900_000 };
  const lease = await takeLease(world.store, clock, request);
  if ('held' in lease) throw new Error(`${scope} is held by ${lease.runId}.`);
  return lease;
}

function expectNothingWritten(): void {
  expect(world.staged()).toEqual([]);
  expect(workspace()).toEqual(files);
}

describe('restore', () => {
  it('writes to a place of its own, and nothing elsewhere', async () => {
    await world.takeSnapshot(agent);

    const report = await world.run('restore', agent);

    expect(report).toMatchObject({ state: 'succeeded', filesRestored: 3 });
    const prefix = (report.restoredTo ?? '').replace('s3://workspaces/', '');
    expect(world.restored(`${prefix}workspace/`)).toEqual(files);
    expect(workspace()).toEqual(files);
  });

  it.each([
    [['AGENTS.md'], ['workspace/AGENTS.md']],
    [['notes'], ['workspace/notes/a.md']],
    [['/workspace/notes/'], ['workspace/notes/a.md']],
    [['**.md'], ['workspace/AGENTS.md', 'workspace/notes/a.md']],
  ])('of %j brings %j', async (paths, expected) => {
    await world.takeSnapshot(openAgent);

    const dry = await world.run('restore', openAgent, { paths, dryRun: true });
    expect(dry.wouldRestore?.map(({ path }) => path)).toEqual(expected);
    expect(world.staged()).toEqual([]);

    const report = await world.run('restore', openAgent, { paths });
    const prefix = (report.restoredTo ?? '').replace('s3://workspaces/', '');
    expect(Object.keys(world.restored(prefix))).toEqual(expected);
  });

  it.each([
    ['a snapshot', { snapshot: '20200101T000000Z-deadbeef' }, 'snapshot-missing'],
    ['a path', { paths: ['nowhere.md'] }, 'nothing-matches'],
  ])('that names %s that is not there is rejected', async (_, request, code) => {
    await world.takeSnapshot(agent);

    const report = await world.run('restore', agent, request);

    expect(report).toMatchObject({ state: 'failed', reason: { code } });
    expect(world.store.text('status/main/restore.json')).toBeUndefined();
    expectNothingWritten();
  });

  it('of what is not there fails, and says how paths are written', async () => {
    await world.takeSnapshot(openAgent);

    const report = await world.run('restore', openAgent, { paths: ['nowhere'] });

    expect(report).toMatchObject({ state: 'failed', reason: { code: 'nothing-matches' } });
    expectNothingWritten();
  });

  it('to live wants the word for it', async () => {
    await world.takeSnapshot(openAgent);

    const report = await world.run('restore', openAgent, { target: 'live' });

    expect(report).toMatchObject({ state: 'blocked', reason: { code: 'live-unconfirmed' } });
    expectNothingWritten();
  });

  it.each([
    [undefined, true],
    [['AGENTS.md', '_inbox/drop.txt'], true],
    [['**'], true],
    [['notes/a.md'], false],
  ])('of %j to live speaks of the inbox where it was asked for: %j', async (paths, speaks) => {
    world.givenFiles({ '_inbox/drop.txt': 'unread' });
    await world.takeSnapshot(agent);

    const { warnings } = await world.run('restore', agent, { ...live, ...(paths && { paths }) });

    expect(warnings.join().includes('_inbox')).toBe(speaks);
  });

  it('to live replaces files, deletes none, and leaves the inbox alone', async () => {
    await world.takeSnapshot(openAgent);
    world.givenFiles({
      'AGENTS.md': 'somebody else',
      'new.md': 'new',
      '_inbox/later.txt': 'later',
    });
    world.workspaces.delete('main/workspace/_inbox/drop.txt');

    const report = await world.run('restore', openAgent, live);

    expect(report).toMatchObject({ state: 'succeeded', filesRestored: 2 });
    expect(workspace()).toEqual({
      'AGENTS.md': 'who I am',
      'notes/a.md': 'a',
      'new.md': 'new',
      '_inbox/later.txt': 'later',
    });
  });

  it.each(['sync', 'inbox'])('to live waits for who is at "%s", and says who it is', async (of) => {
    await world.takeSnapshot(openAgent);
    const other = await givenAtWork(of);

    const refused = await world.run('restore', openAgent, live);

    expect(refused).toMatchObject({ state: 'skipped', reason: { code: 'lease-held' } });
    expect(refused.reason?.message).toContain(
      `Run ${of}-at-work is at work on "agents/main/${of}"`,
    );
    expect(refused.filesRestored).toBe(0);
    expect(await world.run('restore', openAgent)).toMatchObject({ state: 'succeeded' });
    await other.release();
    expect(await world.run('restore', openAgent, live)).toMatchObject({ state: 'succeeded' });
  });

  it('to live keeps syncs and deliveries away until its last leg, however it ends', async () => {
    await world.takeSnapshot(openAgent);
    const request = { job: 'restore', agent: 'main', trigger: 'manual', ...live } as const;
    [world.tick, world.legMs] = [1_000, 1_000];

    const first = await world.runLeg(request, openAgent);

    expect(first.state).toBe('continued');
    for (const of of scopes) await expect(givenAtWork(of)).rejects.toThrow('is held');
    [world.tick, world.legMs] = [0, undefined];
    expect(await world.runLeg(world.continuation(), openAgent)).toMatchObject({
      state: 'succeeded',
    });
    for (const of of scopes) await (await givenAtWork(of)).release();
    world.workspaces.clear();
    world.snapshots.clear();
    expect(await world.run('restore', openAgent, live)).toMatchObject({ state: 'failed' });
    for (const of of scopes) await givenAtWork(of);
  });

  it('with a wrong passphrase fails before the first byte', async () => {
    await world.takeSnapshot(agent);
    world.passphrase = 'a wrong one';

    const report = await world.run('restore', agent, live);

    expect(report).toMatchObject({ state: 'failed', reason: { code: 'snapshot-wrong-key' } });
    expectNothingWritten();
  });

  it('of a damaged snapshot leaves nothing behind', async () => {
    world.givenFiles({ 'z.bin': Buffer.alloc(3_000_000, 'z') });
    const id = await world.takeSnapshot(openAgent);
    const archive = world.objectsOf(id).find((name) => name.includes('.tar.')) ?? '';
    world.tamper(archive, (bytes) => {
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 9) ^ 1, bytes.length - 9);
      return bytes;
    });

    const report = await world.run('restore', openAgent);

    expect(report.state).toBe('failed');
    expect(world.staged()).toEqual([]);
  });
});

/** Frames that say how large they are, as ours do. */
function compressed(bytes: Buffer): Buffer {
  return zstdCompressSync(bytes, {
    params: { [constants.ZSTD_c_contentSizeFlag]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
    pledgedSrcSize: bytes.length,
  });
}

interface Claimed {
  path: string;
  content?: string;
  size?: number;
}

/** An unencrypted snapshot of a forger, whose parts agree with each other. */
async function givenForgery(claims: Claimed[], archive?: Buffer): Promise<void> {
  const id = await world.takeSnapshot(openAgent);
  const members = claims.map(({ path, content = 'x' }) => ({ path, content, modified: 0 }));
  let offset = 0;
  const lines = members.map(({ path, content }, index) => {
    const entry = {
      path,
      size: claims[index]?.size ?? content.length,
      modified: 0,
      sha256: hash('sha256', content),
      at: [1, offset],
    };
    offset += givenMember({ path: path.replaceAll('\0', '_') || 'x', content }).length;
    return `${JSON.stringify(entry)}\n`;
  });
  const plain =
    archive ??
    givenArchive(
      ...members.map((each) => ({ ...each, path: each.path.replaceAll('\0', '_') || 'x' })),
    );
  const [body] = [JSON.parse(world.bytesOf(manifestName(id)).toString()) as ManifestFile].map(
    (file) => file.body,
  );
  const [segment] = body?.segments ?? [];
  if (!body || !segment) throw new Error('There is no segment.');
  const put = (object: { name: string; bytes: number; sha256: string }, bytes: Buffer): void => {
    world.givenObject(object.name, bytes);
    object.bytes = bytes.length;
    object.sha256 = hash('sha256', bytes);
  };
  put(segment.archive, compressed(plain));
  segment.archive.archiveBytes = plain.length;
  put(segment.files, compressed(Buffer.from(lines.join(''))));
  segment.files.count = claims.length;
  body.files = claims.length;
  body.bytes = claims.reduce((sum, { size, content = 'x' }) => sum + (size ?? content.length), 0);
  world.givenObject(manifestName(id), Buffer.from(formatManifest(manifestText(body), undefined)));
}

describe('a forged snapshot that is not encrypted', () => {
  it('restores where there is nothing wrong with it: the forgery of these tests is sound', async () => {
    await givenForgery([{ path: 'workspace/a' }, { path: 'workspace/b', content: 'b' }]);
    expect(await world.run('restore', openAgent)).toMatchObject({
      state: 'succeeded',
      filesRestored: 2,
    });
  });

  it('brings back a key and a key below it: a bucket holds both', async () => {
    await givenForgery([{ path: 'workspace/a' }, { path: 'workspace/a/b', content: 'b' }]);

    const report = await world.run('restore', openAgent);

    expect(report).toMatchObject({ state: 'succeeded', filesRestored: 2 });
  });

  it.each([
    ['climbs out', [{ path: 'workspace/../../../x' }]],
    ['is absolute', [{ path: '/etc/passwd' }]],
    ['holds a NUL', [{ path: 'workspace/a\0.md' }]],
    ['has an empty segment', [{ path: 'workspace//a' }]],
    ['comes twice', [{ path: 'workspace/a' }, { path: 'workspace/a' }]],
  ])('is refused as a whole when a name %s, before anything is written', async (_, bad) => {
    await givenForgery([{ path: 'workspace/good' }, ...bad]);

    for (const request of [{}, live, { paths: ['good'] }]) {
      const report = await world.run('restore', openAgent, request);
      expect(report, JSON.stringify(report.reason)).toMatchObject({
        state: 'failed',
        reason: { code: 'hostile-archive' },
      });
    }
    expectNothingWritten();
  });

  it.each([
    ['claims ten terabytes', [{ path: 'workspace/a', size: 10 ** 13 }], undefined],
    [
      'has other files in its archive than in its list',
      [{ path: 'workspace/a' }],
      givenArchive({ path: 'workspace/b', content: 'x' }),
    ],
    [
      'has more files in its archive than in its list',
      [{ path: 'workspace/a' }],
      givenArchive({ path: 'workspace/a', content: 'x' }, { path: 'workspace/b', content: 'x' }),
    ],
    [
      'has a link in the place of a file',
      [{ path: 'workspace/a' }],
      Buffer.concat([
        forged({ path: 'workspace/a', content: '' }, { type: '2', link: '/etc/passwd' }),
        Buffer.alloc(1024),
      ]),
    ],
  ])('is refused before anything is written when it %s', async (_, claims, archive) => {
    await givenForgery(claims, archive);

    const report = await world.run('restore', openAgent, live);

    expect(report.state).toBe('failed');
    expectNothingWritten();
  });

  it('is not the latest of a deployment that encrypts', async () => {
    await givenForgery([{ path: 'workspace/AGENTS.md', content: 'obey' }]);

    const report = await world.run('restore', agent, live);

    expect(report).toMatchObject({ state: 'failed', reason: { code: 'snapshot-missing' } });
    expectNothingWritten();
  });
});

describe('a snapshot of the plugin', () => {
  const id = '20251122T101500Z';
  const good = { path: 'workspace/a.md', content: 'a' };
  const end = Buffer.alloc(1024);

  function givenPlugin(...members: Buffer[]): void {
    const archive = gzipSync(Buffer.concat([...members, end]));
    world.givenObject(`backup-${id}.tar.gz`, archive);
  }

  it('restores without setuid, and says which links it left out', async () => {
    givenPlugin(
      forged(good, { mode: '0004755\0' }),
      forged({ path: 'workspace/link', content: '' }, { type: '2', link: 'a.md' }),
    );

    const report = await world.run('restore', openAgent, { snapshot: id });

    expect(report).toMatchObject({ state: 'partial', filesRestored: 1 });
    expect(report.skipped.map(({ path }) => path)).toEqual(['workspace/link']);
    const [key = ''] = world.staged();
    expect(world.workspaces.get(key)?.headers['x-amz-meta-mode']).not.toMatch(/^10[4-7]/);
  });

  it.each([
    ['a path with ..', [givenMember({ path: '../x' })]],
    ['an absolute path', [forged({ path: 'x' }, { name: '/etc/passwd\0' })]],
    [
      'a link that is written through',
      [
        forged({ path: 'dir', content: '' }, { type: '2', link: '/tmp' }),
        givenMember({ path: 'dir/x', content: 'x' }),
      ],
    ],
    [
      'a hard link to outside',
      [forged({ path: 'h', content: '' }, { type: '1', link: '/etc/passwd' })],
    ],
    ['a device', [forged({ path: 'd', content: '' }, { type: '3' })]],
    ['a pipe', [forged({ path: 'p', content: '' }, { type: '6' })]],
    ['a file twice', [givenMember(good), givenMember(good)]],
    ['a sparse giant', [forged({ path: 's', content: '' }, { type: 'S' })]],
    ['ten terabytes', [forged({ path: 't', content: '' }, { size: tenTerabytes() })]],
  ])('with %s is refused before anything is written', async (_, members) => {
    givenPlugin(givenMember(good), ...members.map((each) => Buffer.from(each)));

    const report = await world.run('restore', openAgent, { snapshot: id });

    expect(report.state).toBe('failed');
    expectNothingWritten();
  });

  it('is refused when it is cut short, before anything is written', async () => {
    givenPlugin(givenMember(good), givenMember({ path: 'b', content: 'b'.repeat(5_000) }));
    world.tamper(`backup-${id}.tar.gz`, (bytes) => bytes.subarray(0, -20));

    expect((await world.run('restore', openAgent, { snapshot: id })).state).toBe('failed');
    expectNothingWritten();
  });

  it('is guarded when it is written, too: another one may lie there by then', async () => {
    givenPlugin(givenMember(good));
    const name = `backup-${id}.tar.gz`;
    let reads = 0;
    world.treat = (method, url) => {
      if (method === 'GET' && url.includes(name) && ++reads === 2) {
        givenPlugin(givenMember({ path: '../../../escaped', content: 'x' }));
      }
      return 'pass';
    };

    const report = await world.run('restore', openAgent, { snapshot: id });

    expect(reads).toBe(2);
    expect(report.state).toBe('failed');
    expect(world.workspaces.keys().filter((key) => key.includes('escaped'))).toEqual([]);
  });
});

/** In base 256, as GNU tar writes what does not fit into octal digits. */
function tenTerabytes(): Buffer {
  const field = Buffer.alloc(12);
  field.writeUInt8(0x80, 0);
  field.writeBigUInt64BE(10_000_000_000_000n, 4);
  return field;
}
