import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  cloudRemote,
  customRemote,
  folderRemote,
  type Remote,
} from '../../functions/shared/rclone/remote.ts';
import { startRcloneServer, type RcloneServer } from '../../local/rclone-server.ts';
import { rcloneBinary } from '../fixtures/rclone.ts';
import { openDoor, type Door } from '../unit/bisync/door.ts';
import { BisyncWorld } from '../unit/bisync/world.ts';

const login = { user: 'anna', password: 'odd pass 123456789' };
const world = new BisyncWorld();
let servers: RcloneServer[];
let doors: { s3: Door; webdav: Door };
let remotes: Record<'s3' | 'webdav' | 'sftp' | 'folder', (side: 'workspace' | 'cloud') => Remote>;

beforeAll(async () => {
  const [s3, webdav, sftp] = await Promise.all([
    startRcloneServer({ protocol: 's3', folder: world.root }),
    startRcloneServer({ protocol: 'webdav', folder: world.root }),
    startRcloneServer({ protocol: 'sftp', folder: world.root, login }),
  ]);
  servers = [s3, webdav, sftp];
  doors = { s3: await openDoor(s3.url), webdav: await openDoor(webdav.url) };
  const obscured = spawnSync(rcloneBinary(), ['obscure', login.password]).stdout.toString().trim();
  const [host = '', port = ''] = sftp.url.replace('sftp://', '').split(':');
  remotes = {
    s3: (side) =>
      cloudRemote(
        side,
        {
          provider: 's3',
          remotePath: '',
          s3: {
            endpoint: doors.s3.url,
            bucket: side,
            region: 'us-east-1',
            accessKeyId: 'key',
            secretAccessKey: 'secret',
          },
        },
        { provider: 'Other', region: 'us-east-1' },
      ),
    webdav: (side) =>
      customRemote(side, side, {
        rcloneType: 'webdav',
        rcloneOptions: { url: doors.webdav.url, vendor: 'other' },
      }),
    sftp: (side) =>
      customRemote(side, side, {
        rcloneType: 'sftp',
        rcloneOptions: { host, port, user: login.user, pass: obscured },
      }),
    folder: (side) => folderRemote(side, join(world.root, side)),
  };
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await Promise.all([doors.s3.stop(), doors.webdav.stop()]);
  world.remove();
});

/** Later than anything that has happened so far, so that servers with whole seconds show it. */
let later = 0;
beforeEach(() => {
  world.reset();
  mkdirSync(world.workspaceFolder, { recursive: true });
  later = 0;
});

/** Writes a file now, as the side's owner does, with a time that differs from all before. */
function edit(path: string, text: string): void {
  world.write({ [path]: text });
  const time = new Date(Date.now() + ++later * 5_000);
  utimesSync(join(world.root, path), time, time);
}

const nothing = { filesSent: 0, filesReceived: 0, filesDeleted: 0, conflicts: 0, skipped: [] };

describe.each([
  ['s3', 's3'],
  ['s3', 'webdav'],
  ['s3', 'sftp'],
  ['s3', 'folder'],
  ['folder', 'webdav'],
  ['folder', 'sftp'],
] as const)('%s with %s', (workspace, cloud) => {
  beforeEach(() => {
    world.sides = { workspace: remotes[workspace]('workspace'), cloud: remotes[cloud]('cloud') };
  });

  it('misses no change of equal size, and takes no copy of its own for a change', async () => {
    edit('cloud/theirs.txt', 'them');
    await world.inStep({ 'a.txt': 'one', 'b.txt': 'two', 'sub/c.txt': 'three' });
    expect(await world.run()).toMatchObject(nothing);

    edit('workspace/a.txt', 'ONE');
    edit('cloud/b.txt', 'TWO');
    edit('workspace/new.txt', 'new');
    edit('cloud/more.txt', 'more');
    expect(await world.run()).toMatchObject({ ...nothing, filesSent: 2, filesReceived: 2 });

    edit('workspace/a.txt', 'and again');
    rmSync(join(world.root, 'workspace/new.txt'));
    rmSync(join(world.root, 'cloud/more.txt'));
    expect(await world.run()).toMatchObject({ ...nothing, filesSent: 1, filesDeleted: 2 });
    const now = {
      'a.txt': 'and again',
      'b.txt': 'TWO',
      'sub/c.txt': 'three',
      'theirs.txt': 'them',
    };
    expect(world.both()).toEqual({ workspace: now, cloud: now });
    expect(await world.run()).toMatchObject(nothing);
  });
});

describe.each([
  ['s3', 's3'],
  ['s3', 'webdav'],
  ['s3', 'folder'],
] as const)('%s with %s', (workspace, cloud) => {
  beforeEach(() => {
    world.sides = { workspace: remotes[workspace]('workspace'), cloud: remotes[cloud]('cloud') };
  });

  it('keeps both versions of a conflict', async () => {
    await world.inStep({ 'a.txt': 'one', 'b.txt': 'two' });
    edit('cloud/a.txt', 'CLD');
    edit('workspace/a.txt', 'WSP');

    const { conflicts, warnings } = await world.run();

    const winner = cloud === 'webdav' ? 'CLD' : 'WSP';
    const now = {
      'a.txt': winner,
      'a.txt.conflict1': winner === 'CLD' ? 'WSP' : 'CLD',
      'b.txt': 'two',
    };
    expect(world.both()).toEqual({ workspace: now, cloud: now });
    expect(conflicts).toBe(1);
    expect(warnings).toHaveLength(cloud === 'webdav' ? 1 : 0);
    expect(await world.run()).toMatchObject(nothing);
  });
});

it('carries the rest where a folder of a server cannot be listed, which shows when bisync fails', async () => {
  // It keeps the times that it is given: so nothing is listed before bisync begins.
  const rcloneOptions = { url: doors.webdav.url, vendor: 'rclone' };
  const cloud = customRemote('cloud', 'cloud', { rcloneType: 'webdav', rcloneOptions });
  world.sides = { workspace: remotes.folder('workspace'), cloud };
  const limits = { maxDeletePercent: 50, maxDeleteFiles: 10, confirmDeletes: undefined };
  const ghost = { 'ghost/b.txt': 'two', 'ghost/c.txt': 'three' };
  await world.inStep({ 'a.txt': 'one', ...ghost });
  edit('workspace/new.txt', 'new');
  rmSync(join(world.root, 'workspace/ghost/b.txt'));
  doors.webdav.missing = /PROPFIND .*ghost/;

  const report = await world.run({ limits });

  doors.webdav.missing = undefined;
  expect(report).toMatchObject({ filesSent: 1, filesDeleted: 0, skipped: [{ path: 'ghost' }] });
  expect(world.read('cloud')).toEqual({ 'a.txt': 'one', ...ghost, 'new.txt': 'new' });
  expect(world.read('workspace')['ghost/c.txt']).toBe('three');
  // What is remembered of it has stayed: what was deleted in the workspace goes now.
  expect(await world.run({ limits })).toMatchObject({ filesDeleted: 1, skipped: [] });
});

describe('requests to S3', () => {
  const twenty = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, `text ${i}`]));

  beforeEach(async () => {
    world.sides = { workspace: remotes.s3('workspace'), cloud: remotes.s3('cloud') };
    await world.inStep(twenty);
    doors.s3.take();
  });

  it('are listings alone when nothing has changed', async () => {
    await world.run();

    expect(doors.s3.take()).toEqual({ GET: 2 });
  });

  it.each([
    ['a dry run', { dryRun: true }],
    ['a dry run of a resync', { dryRun: true, resync: true }],
    ['a run that does not know what both sides were', { binding: 'other' }],
    ['a run without markers', { checkAccess: true }],
    ['a run with too many deletes', {}],
  ])('write nothing in %s', async (_, order) => {
    edit('workspace/f0', 'agent');
    edit('cloud/f0', 'person');
    edit('workspace/f1', 'changed');
    for (let i = 2; i < 10; i++) rmSync(join(world.root, `cloud/f${i}`));
    const state = world.remembered();

    const limits = { maxDeletePercent: 10, maxDeleteFiles: 5, confirmDeletes: undefined };
    await world.run({ limits, ...order });

    expect(Object.keys(doors.s3.take()).filter((method) => !/GET|HEAD/.test(method))).toEqual([]);
    expect(world.remembered()).toEqual(state);
  });
});

describe('a leg that is out of time', () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, `text ${i}`]));

  beforeEach(() => {
    world.sides = { workspace: remotes.folder('workspace'), cloud: remotes.s3('cloud') };
  });
  afterEach(() => {
    doors.s3.delayMs = 0;
  });

  it.each([
    ['gracefully', 400],
    ['by being killed', 3_000],
  ])('is stopped %s, and the next one goes on without sending a file again', async (_, delay) => {
    await world.inStep({ 'a.txt': 'a' });
    for (const [path, text] of Object.entries(many)) edit(`workspace/${path}`, text);
    doors.s3.delayMs = delay;
    const end = Date.now() + 2_400;

    const first = await world.run({}, { remaining: () => Math.max(0, end - Date.now()) });

    expect(first.timeUp).toBe(true);
    expect(first.blocked).toBeUndefined();
    doors.s3.delayMs = 0;
    const second = await world.run();
    expect(second).toMatchObject({ timeUp: false, conflicts: 0, filesReceived: 0 });
    expect(world.both().cloud).toEqual({ ...many, 'a.txt': 'a' });
    expect(first.filesSent + second.filesSent).toBeLessThanOrEqual(100);
    expect(await world.run()).toMatchObject(nothing);
  });
});
