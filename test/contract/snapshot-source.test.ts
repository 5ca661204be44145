import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { folderSource } from '../../functions/shared/snapshot/source/folder-source.ts';
import { s3Source } from '../../functions/shared/snapshot/source/s3-source.ts';
import {
  FileChangedError,
  FileGoneError,
  type OpenFile,
  type Source,
  type SourceEntry,
} from '../../functions/shared/snapshot/source/source.ts';
import { startRcloneServer, type RcloneServer } from '../../local/rclone-server.ts';
import { folderOfSuite } from '../fixtures/temporary-folder.ts';

/** All folders of this run; the server serves it, each of its folders a bucket. */
const served = folderOfSuite('snapshot-source');
let server: RcloneServer;
let proxy: CuttingProxy;
const keys = { accessKeyId: 'AKIDTEST', secretAccessKey: 'secret/with+signs' };
const prefix = 'agents/main/';

/** Every adapter reads the same folder, the way it would. */
const adapters: [string, (folder: string) => Source][] = [
  ['an S3 prefix', (folder) => s3At(server.url, folder)],
  ['a mounted folder', (folder) => folderSource(join(folder, prefix))],
];

beforeAll(async () => {
  server = await startRcloneServer({ protocol: 's3', folder: served, keys });
  proxy = await startCuttingProxy(server.url);
});
afterAll(async () => {
  await proxy.stop();
  await server.stop();
});

function s3At(endpoint: string, folder: string): Source {
  const client = new S3Client({
    endpoint,
    region: 'eu-central-1',
    credentials: keys,
    forcePathStyle: true,
  });
  return s3Source({ client, bucket: folder.slice(served.length + 1), prefix });
}

let folder: string;
const sources: Source[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(served, 'bucket-'));
  await settled();
});
afterEach(async () => {
  for (const source of sources.splice(0)) await source.close();
});

/** Replaces as editors do: another file takes the name. */
async function write(path: string, content: string | Buffer): Promise<void> {
  const full = join(folder, prefix, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(`${folder}.new`, content);
  await rename(`${folder}.new`, full);
}

async function givenFiles(files: Record<string, string | Buffer>): Promise<void> {
  for (const [path, content] of Object.entries(files)) await write(path, content);
  await settled();
}

/** Longer than the server remembers what a folder holds. */
const settled = (): Promise<void> => sleep(60);

async function entries(source: Source): Promise<SourceEntry[]> {
  const found: SourceEntry[] = [];
  for await (const entry of source.files([''])) found.push(entry);
  return found;
}

async function listed(source: Source, roots = [''], after?: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of source.files(roots, after)) paths.push(path);
  return paths;
}

async function rest({ body }: Pick<OpenFile, 'body'>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function expectSame(actual: Buffer, expected: Buffer): void {
  expect(actual.length).toBe(expected.length);
  expect(actual.equals(expected)).toBe(true);
}

/** Without control characters: rclone, which serves the files, shows others in their place. */
const oddNames = [
  `a b+c%20é"'.txt`,
  'trailing space ',
  '%2e%2e',
  '*(!)?#&=;:@$,[]{}|^`~<>\\',
  'ｚ',
  '😀',
  `${`${'long'.repeat(60)}/`.repeat(4)}${'x'.repeat(36)}`,
];

describe.each(adapters)('%s as a source of snapshots', (_, adapter) => {
  const given = (): Source => {
    const source = adapter(folder);
    sources.push(source);
    return source;
  };

  it('has its files in the order of bytes', async () => {
    const ordered = ['a', 'a-b', 'b/x', 'b/y/z', 'b0', 'c', 'ｚ', '😀/x'];
    await givenFiles(Object.fromEntries(ordered.toReversed().map((path) => [path, path])));

    expect(await listed(given())).toEqual(ordered);
  });

  it('tells the size of each', async () => {
    await givenFiles({ empty: '', five: '12345' });

    expect(await entries(given())).toEqual([
      { path: 'empty', size: 0 },
      { path: 'five', size: 5 },
    ]);
  });

  it('lists more than a page, in order, and goes on after any of them', async () => {
    const paths = Array.from({ length: 1_100 }, (__, at) => `${at % 7}/${at}`);
    for (const digit of '0123456') await mkdir(join(folder, prefix, digit), { recursive: true });
    await Promise.all(paths.map((path) => writeFile(join(folder, prefix, path), '')));
    paths.sort();
    await settled();
    const source = given();

    expect(await listed(source)).toEqual(paths);
    expect(await listed(source, [''], paths[1_050])).toEqual(paths.slice(1_051));
    expect(await listed(source, ['3/', '6/'], '5')).toEqual(
      paths.filter((path) => path.startsWith('6/')),
    );
  });

  it('lists roots that overlap once, and only what lies in them', async () => {
    await givenFiles({ 'a/1': '', 'a/b/2': '', 'a-b': '', 'a.md': '', 'a.md.bak': '', c: '' });
    const source = given();

    expect(await listed(source, ['a/b/', 'a.md', 'a/', 'a/1', 'gone', 'gone/'])).toEqual([
      'a.md',
      'a/1',
      'a/b/2',
    ]);
    expect(await listed(source, [])).toEqual([]);
    expect(await listed(source, ['c', 'a.md'], 'a.md')).toEqual(['c']);
  });

  it('knows which roots are there', async () => {
    await givenFiles({ 'a/b/1': '', 'a.md': '' });
    const source = given();

    expect(await source.present(['', 'a/', 'a', 'a/b/', 'a.md', 'a.md/', 'a.m', 'b/'])).toEqual([
      '',
      'a/',
      'a/b/',
      'a.md',
    ]);
  });

  it('is empty where there is nothing', async () => {
    const source = given();

    expect(await listed(source)).toEqual([]);
    expect(await source.present(['', 'a/'])).toEqual([]);
  });

  it.each(['../secret', '/etc/passwd', 'a/../../secret'])('refuses the root %j', async (root) => {
    await expect(listed(given(), [root])).rejects.toMatchObject({ code: 'invalid-root' });
  });

  it.each(oddNames)('reads a file called %j', async (path) => {
    await givenFiles({ [path]: path });
    const source = given();
    const before = Date.now();

    expect(await listed(source)).toEqual([path]);
    expect(await listed(source, [path])).toEqual([path]);
    const file = await source.readWhole({ path, size: Buffer.byteLength(path) });

    expect(file.bytes.toString()).toBe(path);
    expect(file).toMatchObject({ size: Buffer.byteLength(path), changed: false });
    expect(Math.abs(file.modified - before)).toBeLessThan(10_000);
    expectSame(await rest(await source.open({ path, size: 0 })), Buffer.from(path));
  });

  it('reads a file of no bytes', async () => {
    await givenFiles({ empty: '' });
    const source = given();

    const file = await source.readWhole({ path: 'empty', size: 0 });
    const stream = await source.open({ path: 'empty', size: 0 });

    expect(file).toMatchObject({ size: 0, changed: false });
    expect(file.bytes).toHaveLength(0);
    expect(stream.size).toBe(0);
    expect(await rest(stream)).toHaveLength(0);
    expect(await stream.changed()).toBe(false);
  });

  it('streams a large file, and goes on anywhere in the same version', async () => {
    const content = randomBytes(20 * 1024 * 1024);
    await givenFiles({ large: content });
    const entry = { path: 'large', size: content.length };
    const source = given();

    const whole = await source.open(entry);
    expectSame(await rest(whole), content);
    expect(await whole.changed()).toBe(false);
    for (const offset of [1, 8_388_608, content.length - 1, content.length]) {
      const part = await source.open(entry, { offset, version: whole.version });

      expect(part).toMatchObject({ size: content.length, version: whole.version });
      expectSame(await rest(part), content.subarray(offset));
    }
  });

  it('stops reading where nobody wants more', async () => {
    await givenFiles({ large: randomBytes(20 * 1024 * 1024) });
    const source = given();

    const { body } = await source.open({ path: 'large', size: 0 });
    for await (const chunk of body) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }

    expect((await source.readWhole({ path: 'large', size: 0 }).catch(String)) as string).toContain(
      'replaced',
    );
  });

  it('says that a file is gone', async () => {
    await givenFiles({ 'a/1': '1', 'a/2': '2' });
    await rm(join(folder, prefix, 'a/1'));
    await settled();
    const source = given();

    for (const path of ['a/1', 'b/1', 'a/2/3']) {
      await expect(source.readWhole({ path, size: 1 })).rejects.toThrow(FileGoneError);
      await expect(source.open({ path, size: 1 })).rejects.toThrow(FileGoneError);
    }
  });

  it('reads what a file is now, not what it was when it was listed', async () => {
    await givenFiles({ a: 'before' });
    const source = given();
    const [entry = { path: '', size: 0 }] = await entries(source);
    await write('a', 'afterwards');
    await settled();

    expect((await source.readWhole(entry)).bytes.toString()).toBe('afterwards');
    expect((await source.open(entry)).size).toBe(10);
  });

  it('does not go on in another version, nor in one that was deleted', async () => {
    await givenFiles({ a: 'before', b: 'before' });
    const source = given();
    const entry = (path: string) => ({ path, size: 6 });
    const [a, b] = [await source.open(entry('a')), await source.open(entry('b'))];
    await Promise.all([rest(a), rest(b)]);
    await write('a', 'after!');
    await rm(join(folder, prefix, 'b'));
    await settled();

    await expect(source.open(entry('a'), { offset: 3, version: a.version })).rejects.toThrow(
      FileChangedError,
    );
    await expect(source.open(entry('b'), { offset: 3, version: b.version })).rejects.toThrow(
      FileChangedError,
    );
  });
});

describe('an S3 prefix behind a network that breaks', () => {
  const given = (): Source => {
    const source = s3At(proxy.url, folder);
    sources.push(source);
    return source;
  };

  it('goes on where the connection broke', async () => {
    const content = randomBytes(5 * 1024 * 1024);
    await givenFiles({ large: content });
    const source = given();
    proxy.cuts.push(1_000_000, 0, 2_000_000);

    expectSame(await rest(await source.open({ path: 'large', size: 0 })), content);
    expect(proxy.cuts).toEqual([]);
  });

  it('reads a small file again', async () => {
    await givenFiles({ small: 'x'.repeat(100_000) });
    const source = given();
    proxy.cuts.push(0, 50_000);

    expect((await source.readWhole({ path: 'small', size: 0 })).bytes).toHaveLength(100_000);
    expect(proxy.cuts).toEqual([]);
  });

  it('does not go on in what has taken its place', async () => {
    await givenFiles({ large: randomBytes(5 * 1024 * 1024) });
    const source = given();
    proxy.cuts.push(1_000_000);

    const { body } = await source.open({ path: 'large', size: 0 });
    await write('large', randomBytes(5 * 1024 * 1024));
    await settled();

    await expect(rest({ body })).rejects.toThrow(FileChangedError);
  });
});

interface CuttingProxy {
  url: string;
  /** Each of the next connections is cut after so many bytes of answers. */
  cuts: number[];
  stop(): Promise<void>;
}

async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const cuts: number[] = [];
  const sockets = new Set<Socket>();
  const listener = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    let left = cuts.shift() ?? Infinity;
    far.on('data', (chunk) => {
      if (chunk.length > left) {
        near.write(chunk.subarray(0, left), end);
        far.pause();
      } else {
        left -= chunk.length;
        if (!near.write(chunk)) far.pause();
      }
    });
    near.on('drain', () => far.resume()).on('close', end);
    far.on('close', end);
    near.pipe(far);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    cuts,
    async stop() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
