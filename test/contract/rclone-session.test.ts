import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { createServer, request as forward, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseListing } from '../../functions/shared/rclone/listing.ts';
import { folderRemote, type Remote } from '../../functions/shared/rclone/remote.ts';
import type { RcloneSession } from '../../functions/shared/rclone/session.ts';
import { startRcloneServer, type RcloneServer } from '../../local/rclone-server.ts';
import { at, RcloneWorld } from '../fixtures/rclone-world.ts';

let world: RcloneWorld;
let server: RcloneServer;
let cloud: Remote;
let workspace: Remote;
let session: RcloneSession;

beforeAll(async () => {
  world = new RcloneWorld();
  server = await startRcloneServer({ protocol: 'webdav', folder: world.cloudFolder });
  cloud = world.webdav(server.url);
  workspace = world.workspace;
  session = await world.open([cloud, workspace]);
});
afterAll(async () => {
  await session.close();
  await server.stop();
  world.remove();
});
beforeEach(() => {
  world.reset();
});

/** Names that are somebody's files and that mean something to a shell, a glob or a list. */
const oddNames = [
  'a b.txt',
  'a+b.txt',
  'a%2Bb.txt',
  '😀.txt',
  ' leading.txt',
  'trailing.txt ',
  '"quoted" \'name\'.txt',
  '*.txt',
  'a[1].txt',
  '{a,b}.txt',
  '?.txt',
  '# comment.txt',
  '; rem.txt',
  '- dash.txt',
  '-rf',
  '--config=x',
  'a:b.txt',
  '~home',
  '$HOME',
  'é (composed).txt',
  'sub folder/ü/deep.txt',
];

describe('copy-named', () => {
  it('copies what is named and nothing else, by an account of exact names', async () => {
    world.write({ 'workspace/a': 'a', 'workspace/d/b': 'bb', 'workspace/c': 'c' });

    const { outcome, account } = await session.run({
      kind: 'copy-named',
      from: at(workspace),
      to: at(cloud),
      files: ['a', 'd/b'],
      compare: 'always',
    });

    expect(outcome).toBe('done');
    expect(world.read('cloud')).toEqual({ a: 'a', 'd/b': 'bb' });
    expect(account.copied.sort((x, y) => x.size - y.size)).toEqual([
      { path: 'a', size: 1 },
      { path: 'd/b', size: 2 },
    ]);
  });

  it('takes whatever is named for a name', async () => {
    world.write(Object.fromEntries(oddNames.map((name) => [`workspace/${name}`, name])));
    world.write({ 'workspace/a1.txt': 'no', 'workspace/b.txt': 'no', 'workspace/x': 'no' });

    const { outcome, account } = await session.run({
      kind: 'copy-named',
      from: at(workspace),
      to: at(cloud),
      files: oddNames,
      compare: 'always',
    });

    expect(outcome).toBe('done');
    expect(account.copied.map(({ path }) => path).sort()).toEqual([...oddNames].sort());
    expect(world.read('cloud')).toEqual(Object.fromEntries(oddNames.map((name) => [name, name])));
  });

  it('keeps a backslash on its way from folder to folder', async () => {
    world.write({ 'workspace/a\\b.txt': 'x' });
    const copy = folderRemote('copy', world.cloudFolder);

    await session.run({
      kind: 'copy-named',
      from: at(workspace),
      to: at(copy),
      files: ['a\\b.txt'],
      compare: 'always',
    });

    expect(world.read('cloud')).toEqual({ 'a\\b.txt': 'x' });
  });

  it('always replaces, or keeps what is there, as it is told', async () => {
    const copy = async (compare: 'always' | 'keep'): Promise<string | undefined> => {
      world.write({ 'workspace/a': 'new', 'cloud/a': 'old' });
      await session.run({
        kind: 'copy-named',
        from: at(workspace),
        to: at(cloud),
        files: ['a'],
        compare,
      });
      return world.read('cloud')['a'];
    };

    expect(await copy('always')).toBe('new');
    expect(await copy('keep')).toBe('old');
  });

  it('compares content by checksum where both sides have one, whatever the times', async () => {
    world.write({ 'workspace/same': 'abc', 'workspace/other': 'new', 'cloud/other': 'old' });
    world.write({ 'cloud/same': 'abc' });

    const { account } = await session.run({
      kind: 'copy-named',
      from: at(workspace),
      to: at(folderRemote('copy', world.cloudFolder)),
      files: ['same', 'other'],
      compare: 'checksum',
    });

    expect(account.copied).toEqual([{ path: 'other', size: 3 }]);
    expect(world.read('cloud')).toEqual({ same: 'abc', other: 'new' });
  });

  it('puts what it replaces into the trash, though the trash lies inside', async () => {
    world.write({ 'workspace/d/a': 'new', 'workspace/b': 'b', 'cloud/d/a': 'old' });

    const { outcome, account } = await session.run({
      kind: 'copy-named',
      from: at(workspace),
      to: at(cloud),
      files: ['d/a', 'b'],
      compare: 'always',
      trash: at(cloud, '.trash/20261122/run'),
    });

    expect(outcome).toBe('done');
    expect(world.read('cloud')).toEqual({
      'd/a': 'new',
      b: 'b',
      '.trash/20261122/run/d/a': 'old',
    });
    expect(account.copied.map(({ path }) => path).sort()).toEqual(['b', 'd/a']);
  });

  it('goes on without a file that is gone, and does not account for it', async () => {
    world.write({ 'workspace/a': 'a' });

    const { outcome, account } = await session.run({
      kind: 'copy-named',
      from: at(workspace),
      to: at(cloud),
      files: ['gone', 'a'],
      compare: 'always',
    });

    expect(outcome).toBe('done');
    expect(account.copied.map(({ path }) => path)).toEqual(['a']);
  });

  it('copies nothing where nothing is named', async () => {
    world.write({ 'workspace/a': 'a' });

    await session.run({
      kind: 'copy-named',
      from: at(workspace),
      to: at(cloud),
      files: [],
      compare: 'always',
    });

    expect(world.read('cloud')).toEqual({});
  });
});

describe('one file that the server refuses', () => {
  let puts: string[];
  let picky: Server;
  let refusing: Remote;

  beforeAll(async () => {
    picky = createServer((incoming, outgoing) => {
      if (incoming.method === 'PUT') puts.push(incoming.url ?? '');
      if (incoming.method === 'PUT' && incoming.url?.includes('refused')) {
        incoming.resume().on('end', () => outgoing.writeHead(403).end());
        return;
      }
      const { method, headers } = incoming;
      const onward = forward(
        `${server.url}${incoming.url ?? ''}`,
        { method, headers },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(outgoing);
        },
      );
      incoming.pipe(onward);
    });
    picky.listen(0, '127.0.0.1');
    await once(picky, 'listening');
    refusing = {
      ...world.webdav(`http://127.0.0.1:${(picky.address() as AddressInfo).port}`),
      name: 'refusing',
    };
  });
  beforeEach(() => {
    puts = [];
  });
  afterAll(() => {
    picky.closeAllConnections();
    picky.close();
  });

  it('makes no other be sent again, and leaves the trash as it was', async () => {
    world.write({ 'workspace/a': 'new', 'workspace/refused': 'x', 'cloud/a': 'old' });
    const picked = await world.open([refusing, workspace]);

    const { outcome, account } = await picked.run({
      kind: 'copy-named',
      from: at(workspace),
      to: at(refusing),
      files: ['a', 'refused'],
      compare: 'always',
      trash: at(refusing, '.trash/run'),
    });
    await picked.close();

    expect(outcome).toBe('retryable');
    expect(account.errors.flatMap(({ path }) => path ?? [])).toEqual(['refused']);
    expect(account.copied).toEqual([{ path: 'a', size: 3 }]);
    expect(puts.filter((url) => url === '/a')).toHaveLength(1);
    expect(world.read('cloud')).toEqual({ a: 'new', '.trash/run/a': 'old' });
  });
});

describe('copy-missing', () => {
  it('copies what is not there, replaces nothing, and leaves out what is excluded', async () => {
    world.write({ 'workspace/new': 'n', 'workspace/both': 'theirs', 'cloud/both': 'mine' });
    world.write({ 'workspace/_inbox/x': 'x', 'workspace/foo/_inbox/x': 'x' });

    const { outcome, account } = await session.run({
      kind: 'copy-missing',
      from: at(workspace),
      to: at(cloud),
      exclude: ['/_inbox/**'],
    });

    expect(outcome).toBe('done');
    expect(world.read('cloud')).toEqual({ new: 'n', both: 'mine', 'foo/_inbox/x': 'x' });
    expect(account.copied.map(({ path }) => path).sort()).toEqual(['foo/_inbox/x', 'new']);
  });
});

describe('copy-one', () => {
  it.each(['a b.txt', 'a%2Bb.txt', '*.txt', 'a[1].txt', ' leading.txt', 'trailing.txt ', '-rf'])(
    'gives a file another name: %j',
    async (name) => {
      world.write({ [`cloud/_outbox/${name}`]: 'x', 'cloud/_outbox/a1.txt': 'no' });

      const { outcome, account } = await session.run({
        kind: 'copy-one',
        from: at(cloud, `_outbox/${name}`),
        to: at(workspace, '_inbox/new (2).txt'),
      });

      expect(outcome).toBe('done');
      expect(account.copied).toHaveLength(1);
      expect(world.read('workspace')).toEqual({ '_inbox/new (2).txt': 'x' });
    },
  );

  it('gives a name with a line break another', async () => {
    world.write({ 'workspace/a\nb.txt': 'x' });

    const { outcome } = await session.run({
      kind: 'copy-one',
      from: at(workspace, 'a\nb.txt'),
      to: at(cloud, 'a_b.txt'),
    });

    expect(outcome).toBe('done');
    expect(world.read('cloud')).toEqual({ 'a_b.txt': 'x' });
  });

  it('overwrites nothing, and does not say that it did', async () => {
    world.write({ 'cloud/a': 'new', 'workspace/a': 'old' });

    const { outcome, account } = await session.run({
      kind: 'copy-one',
      from: at(cloud, 'a'),
      to: at(workspace, 'a'),
    });

    expect(outcome).toBe('done');
    expect(account.copied).toEqual([]);
    expect(world.read('workspace')).toEqual({ a: 'old' });
  });
});

describe('moving', () => {
  it('moves one file, and says so', async () => {
    world.write({ 'cloud/_outbox/a b': 'x' });

    const { outcome, account } = await session.run({
      kind: 'move-one',
      from: at(cloud, '_outbox/a b'),
      to: at(cloud, '.quarantine/id'),
    });

    expect(outcome).toBe('done');
    expect(account.moved).toHaveLength(1);
    expect(world.read('cloud')).toEqual({ '.quarantine/id': 'x' });
  });

  it('does not overwrite, and keeps the file where it is', async () => {
    world.write({ 'cloud/a': 'a', 'cloud/b': 'b' });

    const { account } = await session.run({
      kind: 'move-one',
      from: at(cloud, 'a'),
      to: at(cloud, 'b'),
    });

    expect(account.moved).toEqual([]);
    expect(world.read('cloud')).toEqual({ a: 'a', b: 'b' });
  });

  it('moves only the named into the trash, with their paths', async () => {
    const named = oddNames.filter((name) => name !== '-rf');
    world.write(Object.fromEntries(oddNames.map((name) => [`cloud/${name}`, name])));

    const { outcome, account } = await session.run({
      kind: 'move-named',
      from: at(cloud),
      to: at(cloud, '.trash/run'),
      files: named,
    });

    expect(outcome).toBe('done');
    expect(account.moved.sort()).toEqual([...named].sort());
    expect(world.read('cloud')).toEqual({
      '-rf': '-rf',
      ...Object.fromEntries(named.map((name) => [`.trash/run/${name}`, name])),
    });
  });
});

describe('deleting', () => {
  it('deletes whatever is named, and nothing else', async () => {
    const others = { 'a1.txt': 'no', 'b.txt': 'no', x: 'no' };
    world.write(Object.fromEntries(oddNames.map((name) => [`cloud/${name}`, name])));
    world.write(Object.fromEntries(Object.keys(others).map((name) => [`cloud/${name}`, 'no'])));

    const { outcome, account } = await session.run({
      kind: 'delete-named',
      from: at(cloud),
      files: oddNames,
    });

    expect(outcome).toBe('done');
    expect(account.deleted.sort()).toEqual([...oddNames].sort());
    expect(world.read('cloud')).toEqual(others);
  });

  it('deletes nothing where nothing is named', async () => {
    world.write({ 'cloud/a': 'x' });

    await session.run({ kind: 'delete-named', from: at(cloud), files: [] });

    expect(world.read('cloud')).toEqual({ a: 'x' });
  });

  it.each(['a\nb', 'a\rb', 'a b'])('deletes one file by its name: %j', async (name) => {
    world.write({ [`workspace/${name}`]: 'x', 'workspace/a': 'y', 'workspace/b': 'z' });

    const { outcome } = await session.run({ kind: 'delete-one', from: at(workspace, name) });

    expect(outcome).toBe('done');
    expect(world.read('workspace')).toEqual({ a: 'y', b: 'z' });
  });

  it('never takes a folder for a file', async () => {
    world.write({ 'cloud/d/a': 'x' });

    const { outcome } = await session.run({ kind: 'delete-one', from: at(cloud, 'd') });

    expect(outcome).not.toBe('done');
    expect(world.read('cloud')).toEqual({ 'd/a': 'x' });
  });
});

describe('list', () => {
  it('has files and folders with sizes, under their very names', async () => {
    world.write(Object.fromEntries(oddNames.map((name) => [`cloud/${name}`, name])));

    const { stdout } = await session.run({ kind: 'list', from: at(cloud) });

    const { files, folders } = parseListing(stdout);
    expect(Object.fromEntries(files.map(({ path, size }) => [path, size]))).toEqual(
      Object.fromEntries(oddNames.map((name) => [name, Buffer.byteLength(name)])),
    );
    expect(folders.sort()).toEqual(['sub folder', 'sub folder/ü']);
  });

  it('leaves out what is excluded, and brings back what is included', async () => {
    world.write({
      'cloud/a.log': '',
      'cloud/a': '',
      'cloud/_outbox/a.log': '',
      'cloud/x/a.log': '',
    });

    const { stdout } = await session.run({
      kind: 'list',
      from: at(cloud),
      exclude: ['*.log'],
      include: ['/_outbox/**'],
    });

    expect(
      parseListing(stdout)
        .files.map(({ path }) => path)
        .sort(),
    ).toEqual(['_outbox/a.log', 'a']);
  });

  it.each(['webdav', 'folder'])('of a folder that is not there is not found: %s', async (side) => {
    const { outcome } = await session.run({
      kind: 'list',
      from: at(side === 'webdav' ? cloud : workspace, 'nowhere'),
    });

    expect(outcome).toBe('not-found');
  });

  it('shows no file twice, follows no link and does not fail because of one', async () => {
    world.write({ 'workspace/a': 'a' });
    symlinkSync('/etc/passwd', join(world.workspaceFolder, 'link'));
    symlinkSync('.', join(world.workspaceFolder, 'loop'));

    const { outcome, stdout } = await session.run({ kind: 'list', from: at(workspace) });

    expect(outcome).toBe('done');
    expect(parseListing(stdout).files.map(({ path }) => path)).toEqual(['a']);
  });
});

describe('the other commands', () => {
  it('make a folder, and mind none that is there', async () => {
    const make = async (): Promise<string> =>
      (await session.run({ kind: 'make-folder', at: at(cloud, '_outbox') })).outcome;

    expect([await make(), await make()]).toEqual(['done', 'done']);
    expect(statSync(join(world.cloudFolder, '_outbox')).isDirectory()).toBe(true);
  });

  it('read one file, byte by byte', async () => {
    world.write({ 'cloud/a b': 'é\n\0x' });

    const { stdout } = await session.run({ kind: 'read-one', from: at(cloud, 'a b') });

    expect(stdout).toBe('é\n\0x');
  });

  it('say that a file to be read is not there', async () => {
    const { outcome } = await session.run({ kind: 'read-one', from: at(cloud, 'a') });

    expect(outcome).toBe('not-found');
  });

  it('hash the named files', async () => {
    world.write(Object.fromEntries(oddNames.map((name) => [`cloud/${name}`, name])));

    const { stdout } = await session.run({
      kind: 'hash-named',
      from: at(cloud),
      files: oddNames,
    });

    const lines = oddNames.map(
      (name) => `${createHash('sha256').update(name).digest('hex')}  ${name}`,
    );
    expect(stdout.split('\n').filter(Boolean).sort()).toEqual(lines.sort());
  });

  it('reach a folder of this machine that the session was not told of', async () => {
    world.write({ 'scratch/r.json': '{}' });

    const { outcome } = await session.run({
      kind: 'copy-named',
      from: at(folderRemote('scratch', join(world.root, 'scratch'))),
      to: at(cloud, '_inbox/.receipts'),
      files: ['r.json'],
      compare: 'always',
    });

    expect(outcome).toBe('done');
    expect(world.read('cloud')).toEqual({ '_inbox/.receipts/r.json': '{}' });
  });
});

describe('a session', () => {
  it('has its config in a file that nobody else reads, and leaves nothing behind', async () => {
    const before = readdirSync(world.temporary);
    const own = await world.open([cloud]);
    const [folder = ''] = readdirSync(world.temporary).filter((name) => !before.includes(name));
    const file = join(world.temporary, folder, 'rclone.conf');

    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(world.temporary, folder)).mode & 0o077).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('[cloud]');

    await own.close();
    expect(readdirSync(world.temporary)).toEqual(before);
  });
});
