import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { customRemote, folderRemote, type Remote } from '../../functions/shared/rclone/remote.ts';
import type { RcloneSession } from '../../functions/shared/rclone/session.ts';
import { rcloneSource } from '../../functions/shared/snapshot/source/rclone-source.ts';
import {
  FileChangedError,
  FileGoneError,
  SourceUnavailableError,
  type Source,
} from '../../functions/shared/snapshot/source/source.ts';
import { startRcloneServer, type RcloneServer } from '../../local/rclone-server.ts';
import { rcloneBinary } from '../fixtures/rclone.ts';
import { RcloneWorld } from '../fixtures/rclone-world.ts';

const keys = { accessKeyId: 'AKIDODDKEY0123456789', secretAccessKey: 'odd/secret+key=0123456789' };
const login = { user: 'anna-0123456789', password: 'odd pass "wörd" %41+0123456789' };
/** A folder whose name means something in the calls of rclone's server. */
const root = 'bucket/odd [x], "y" 100%41 é';

let world: RcloneWorld;
let servers: RcloneServer[];
let remotes: Remote[];
let session: RcloneSession;
let sources: Source[] = [];

beforeAll(async () => {
  world = new RcloneWorld();
  const folder = world.cloudFolder;
  servers = [
    await startRcloneServer({ protocol: 's3', folder, keys }),
    await startRcloneServer({ protocol: 'webdav', folder, login }),
    await startRcloneServer({ protocol: 'sftp', folder, login }),
  ];
  const [s3 = '', webdav = '', sftp = ''] = servers.map(({ url }) => url);
  const pass = spawnSync(rcloneBinary(), ['obscure', '-'], { input: login.password })
    .stdout.toString()
    .trim();
  const remote = (rcloneType: string, rcloneOptions: Record<string, string>): Remote =>
    customRemote(rcloneType, root, { rcloneType, rcloneOptions });
  remotes = [
    remote('s3', {
      provider: 'Other',
      endpoint: s3,
      access_key_id: keys.accessKeyId,
      secret_access_key: keys.secretAccessKey,
    }),
    remote('webdav', { url: webdav, vendor: 'other', user: login.user, pass }),
    remote('sftp', {
      host: new URL(sftp).hostname,
      port: new URL(sftp).port,
      user: login.user,
      pass,
      known_hosts_file: 'none',
    }),
    folderRemote('folder', join(folder, root)),
  ];
  session = await world.open(remotes);
});
beforeEach(() => {
  world.reset();
  mkdirSync(join(world.cloudFolder, root), { recursive: true });
});
afterEach(async () => {
  for (const source of sources) await source.close();
  sources = [];
});
afterAll(async () => {
  await session.close();
  for (const server of servers) await server.stop();
  world.remove();
});

function given(index: number, own: RcloneSession = session): Source {
  const remote = remotes[index];
  if (!remote) throw new Error(`there is no remote ${index}`);
  const source = rcloneSource({ session: own, remote });
  sources.push(source);
  return source;
}

/** Longer than the servers remember what a folder holds. */
async function givenFiles(files: Record<string, string>): Promise<void> {
  const below = Object.entries(files).map(([path, text]) => [`cloud/${root}/${path}`, text]);
  world.write(Object.fromEntries(below) as Record<string, string>);
  await sleep(60);
}

async function listed(source: Source, roots = [''], after?: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of source.files(roots, after)) paths.push(path);
  return paths;
}

async function rest({ body }: { body: AsyncIterable<Buffer> }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const oddNames = [
  `a b+c%20é"'.txt`,
  ' spaces at both ends ',
  '%2e%2e',
  '*(!)?#&=;:@$,[]{}|^`~<>',
  '-rf',
  'ｚ',
  '😀',
  'deep/é [1]/%2F',
];

describe.each([
  ['S3', 0],
  ['WebDAV', 1],
  ['SFTP', 2],
  ['a folder', 3],
])('a remote on %s as a source of snapshots', (_, index) => {
  it('has its files in the order of bytes, and reads each under its name', async () => {
    const ordered = [...oddNames, 'a', 'a-b', 'b/x', 'b0'].sort((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    );
    await givenFiles(Object.fromEntries(ordered.map((path) => [path, path])));
    const source = given(index);

    expect(await listed(source)).toEqual(ordered);
    expect(await listed(source, ['b/', 'a'])).toEqual(['a', 'b/x']);
    expect(await listed(source, [''], 'b/x')).toEqual(ordered.slice(ordered.indexOf('b/x') + 1));
    for (const path of ordered) {
      const file = await source.readWhole({ path, size: 0 });
      expect(file.bytes.toString()).toBe(path);
      expect(file.size).toBe(Buffer.byteLength(path));
      expect(Math.abs(file.modified - Date.now())).toBeLessThan(60_000);
    }
  });

  it('knows which roots are there', async () => {
    await givenFiles({ 'a/b/1': '', 'a.md': '' });

    const roots = ['', 'a/', 'a', 'a/b/', 'a.md', 'a.md/', 'a.m', 'b/'];
    expect(await given(index).present(roots)).toEqual(['', 'a/', 'a/b/', 'a.md']);
  });

  it('is not there where there is nothing', async () => {
    rmSync(join(world.cloudFolder, 'bucket'), { recursive: true });
    mkdirSync(join(world.cloudFolder, 'bucket'));
    await sleep(60);
    const source = given(index);

    expect(await listed(source)).toEqual([]);
    expect(await source.present(['', 'a/'])).toEqual([]);
  });

  it('streams a large file from anywhere, and notices when it is replaced', async () => {
    const content = randomBytes(3_000_000).toString('hex');
    await givenFiles({ large: content });
    const source = given(index);
    const whole = await source.open({ path: 'large', size: 0 });

    expect((await rest(whole)).toString() === content).toBe(true);
    expect(await whole.changed()).toBe(false);
    const from = { offset: 5_999_990, version: whole.version };
    expect((await rest(await source.open({ path: 'large', size: 0 }, from))).toString()).toBe(
      content.slice(5_999_990),
    );

    const unread = await source.open({ path: 'large', size: 0 });
    await givenFiles({ large: 'another' });
    expect(await whole.changed()).toBe(true);
    await expect(source.open({ path: 'large', size: 0 }, from)).rejects.toThrow(FileChangedError);
    await expect(rest(unread)).rejects.toThrow(FileChangedError);
  });

  it('says that a file is gone', async () => {
    const source = given(index);

    await expect(source.readWhole({ path: 'gone', size: 1 })).rejects.toThrow(FileGoneError);
    await expect(source.open({ path: 'gone', size: 1 })).rejects.toThrow(FileGoneError);
  });
});

describe('a name that rclone lists and does not find', () => {
  /** Listed by characters that do not lead back to its byte. */
  const latin = (name: string): Buffer =>
    Buffer.concat([Buffer.from(join(world.cloudFolder, root, name)), Buffer.from([0xe9])]);

  it('is unreadable if it is that of a file, not gone', async () => {
    await givenFiles({ '‛quote': 'precious' });
    writeFileSync(latin('caf'), 'precious');
    const source = given(3);
    const paths = await listed(source);

    expect(paths).toHaveLength(2);
    for (const path of paths) {
      const entry = { path, size: 8 };
      const unreadable = {
        code: 'file-unreadable',
        message: expect.stringContaining('it is listed and cannot be opened') as string,
      };
      await expect(source.readWhole(entry)).rejects.toMatchObject(unreadable);
      await expect(source.open(entry).then(rest)).rejects.toMatchObject(unreadable);
    }
  });

  it('counts as unreadable if it is that of a folder', async () => {
    await givenFiles({ '‛folder/a': 'precious', 'b/a': 'a' });
    const source = given(3);

    expect(await listed(source)).toEqual(['b/a']);
    expect(source.unreadable).toEqual({ count: 1, names: ['‛‛folder/'] });
    expect(await listed(source, ['gone/', 'b/gone/', 'gone/x/'])).toEqual([]);
    expect(source.unreadable.count).toBe(1);
  });
});

describe('the server of a source', () => {
  it('can be reached by us alone, and ends with the source', async () => {
    await givenFiles({ a: 'a' });
    const source = given(1);
    await listed(source);
    const server = serverOf(session.folder);

    expect(server?.arguments.join(' ')).toContain('--rc-addr=unix://');
    expect(JSON.stringify(server)).not.toMatch(/odd pass|anna-/);
    await source.close();
    expect(serverOf(session.folder)).toBeUndefined();
  });

  it('that dies makes the source unavailable, not its files', async () => {
    await givenFiles({ a: 'a' });
    const source = given(3);
    await listed(source);

    process.kill(serverOf(session.folder)?.pid ?? 0, 'SIGKILL');
    await sleep(100);

    await expect(source.readWhole({ path: 'a', size: 1 })).rejects.toThrow(SourceUnavailableError);
    await expect(listed(source)).rejects.toThrow(SourceUnavailableError);
  });

  it('that cannot reach the remote makes it unavailable, and tells no secret', async () => {
    const [, webdav] = remotes;
    const remote = customRemote('wrong', root, {
      rcloneType: 'webdav',
      rcloneOptions: { ...webdav?.options, user: 'nobody-9876543210' },
    });
    const own = await world.open([remote]);
    const source = rcloneSource({ session: own, remote });
    sources.push(source);

    const failure = await listed(source).catch((error: unknown) => error);
    await own.close();

    expect(failure).toBeInstanceOf(SourceUnavailableError);
    expect([String(failure), ...world.lines].join('\n')).not.toMatch(/nobody-9876|odd pass/);
  });
});

/** The process that serves from a private folder. */
function serverOf(
  folder: string,
): { pid: number; arguments: string[]; environment: string[] } | undefined {
  const read = (pid: string, file: string): string[] => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0');
    } catch {
      return [];
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({
      pid: Number(pid),
      arguments: read(pid, 'cmdline'),
      environment: read(pid, 'environ'),
    }))
    .find(({ arguments: args }) => args[1] === 'rcd' && args.join(' ').includes(folder));
}
