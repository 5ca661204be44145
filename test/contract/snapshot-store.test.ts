import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { customRemote, folderRemote, type Remote } from '../../functions/shared/rclone/remote.ts';
import {
  ObjectExistsError,
  ObjectMissingError,
} from '../../functions/shared/snapshot/store/errors.ts';
import { rcloneStore } from '../../functions/shared/snapshot/store/rclone-store.ts';
import { s3Store } from '../../functions/shared/snapshot/store/s3-store.ts';
import type { SnapshotStore } from '../../functions/shared/snapshot/store/store.ts';
import { listObjects } from '../../functions/shared/state/list-objects.ts';
import { startEmulator } from '../../local/emulator.ts';
import { startRcloneServer, type RcloneServerOptions } from '../../local/rclone-server.ts';
import { rcloneBinary } from '../fixtures/rclone.ts';
import { RcloneWorld } from '../fixtures/rclone-world.ts';
import { startPickyProxy, type Treatment } from '../unit/snapshot/store/picky-proxy.ts';

/** A store in front of a real destination, and a way behind it. */
interface Place {
  store: SnapshotStore;
  /** Puts an object there without the store. */
  put(name: string, bytes: Buffer): Promise<void>;
  /** What is there, at any depth. */
  names(): Promise<string[]>;
  /** Ends the destination at once. */
  die?(): Promise<void>;
  close(): Promise<void>;
  /** Everything that was logged. */
  lines: string[];
}

type Treat = (method: string, url: string) => Treatment;
/** `budgetMs`: what everything together may take. */
type Open = (treat?: Treat, budgetMs?: number) => Promise<Place>;

const mebibyte = 1_048_576;
const password = 'odd pass "wörd" %41+\\&=0123456789';
const login = { user: 'anna-0123456789', password };
const keys = { accessKeyId: 'AKIDODDKEY0123456789', secretAccessKey: 'odd/secret+key=0123456789' };

async function openBucket(treat: Treat = () => 'pass'): Promise<Place> {
  const emulator = await startEmulator();
  const proxy = await startPickyProxy(emulator.url, treat);
  const direct = new S3Client({ ...emulator.client, forcePathStyle: true });
  const client = new S3Client({ ...emulator.client, endpoint: proxy.url, forcePathStyle: true });
  const lines: string[] = [];
  const write = (message: string, fields: object = {}): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
  };
  const log = { debug: write, info: write, warn: write, error: write };
  await direct.send(new CreateBucketCommand({ Bucket: 'snapshots' }));
  return {
    lines,
    store: s3Store({
      client,
      bucket: 'snapshots',
      prefix: 'agents/main/',
      description: 'the bucket',
      log,
    }),
    async put(name, Body) {
      const Key = `agents/main/${name}`;
      await direct.send(new PutObjectCommand({ Bucket: 'snapshots', Key, Body }));
    },
    async names() {
      const found: string[] = [];
      for await (const { objects } of listObjects(direct, { bucket: 'snapshots' })) {
        found.push(...objects.map(({ Key }) => Key.slice('agents/main/'.length)));
      }
      return found;
    },
    die: () => emulator.stop(),
    async close() {
      await proxy.stop();
      client.destroy();
      direct.destroy();
      await emulator.stop();
    },
  };
}

function obscured(text: string): string {
  return spawnSync(rcloneBinary(), ['obscure', '-'], {
    input: text,
    encoding: 'utf8',
  }).stdout.trim();
}

type Serve = (url: string, secret: string) => { type: string; options: Record<string, string> };

const webdav: Serve = (url, secret) => ({
  type: 'webdav',
  options: { url, vendor: 'other', user: login.user, pass: obscured(secret) },
});
const sftp: Serve = (url, secret) => ({
  type: 'sftp',
  options: {
    host: new URL(url).hostname,
    port: new URL(url).port,
    user: login.user,
    pass: obscured(secret),
    known_hosts_file: 'none',
  },
});
const s3: Serve = (url, secret) => ({
  type: 's3',
  options: {
    provider: 'Other',
    endpoint: url,
    access_key_id: keys.accessKeyId,
    secret_access_key: secret === password ? keys.secretAccessKey : secret,
  },
});

/** A store behind a server of rclone's. A proxy would spoil the signatures of S3, and is no SFTP. */
function openServer(
  protocol: RcloneServerOptions['protocol'],
  serve: Serve,
  secret = password,
): Open {
  return async (treat, budgetMs) => {
    const world = new RcloneWorld();
    const folder = join(world.cloudFolder, 'bucket');
    mkdirSync(folder);
    const server = await startRcloneServer({
      protocol,
      folder: world.cloudFolder,
      ...(protocol === 's3' ? { keys } : { login }),
    });
    const proxy = treat && (await startPickyProxy(server.url, treat));
    const { type, options } = serve(proxy?.url ?? server.url, secret);
    const remote = customRemote('cloud', 'bucket/snapshots/main', {
      rcloneType: type,
      rcloneOptions: options,
    });
    return {
      ...(await placeOf(world, remote, budgetMs)),
      die: async () => {
        process.kill(server.pid, 'SIGKILL');
        return Promise.resolve();
      },
      async close() {
        await proxy?.stop();
        await server.stop();
        world.remove();
      },
    };
  };
}

async function openFolder(): Promise<Place> {
  const world = new RcloneWorld();
  const remote = folderRemote('cloud', join(world.cloudFolder, 'bucket/snapshots/main'));
  return {
    ...(await placeOf(world, remote)),
    close: () => {
      world.remove();
      return Promise.resolve();
    },
  };
}

async function placeOf(
  world: RcloneWorld,
  remote: Remote,
  budgetMs = 600_000,
): Promise<Pick<Place, 'store' | 'put' | 'names' | 'lines'>> {
  const folder = join(world.cloudFolder, 'bucket/snapshots/main');
  const end = Date.now() + budgetMs;
  const session = await world.open([remote], { remaining: () => end - Date.now() });
  return {
    lines: world.lines,
    store: rcloneStore({
      session,
      remote,
      description: `the ${remote.options['type'] ?? ''} folder`,
    }),
    put(name, bytes) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), bytes);
      return Promise.resolve();
    },
    names: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
        () => [],
      );
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
    },
  };
}

const places: [string, Open][] = [
  ['in a bucket', openBucket],
  ['behind WebDAV', openServer('webdav', webdav)],
  ['behind SFTP', openServer('sftp', sftp)],
  ['behind another S3', openServer('s3', s3)],
  ['in a folder', openFolder],
];

/** So many bytes, in chunks of an odd size, and what they are. */
function givenBytes(
  size: number,
  before: (sent: number) => void | Promise<void> = () => undefined,
) {
  const block = randomBytes(Math.min(size, 999_983));
  const hash = createHash('sha256');
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (let sent = 0; sent < size;) {
      await before(sent);
      const chunk = block.subarray(0, size - sent);
      hash.update(chunk);
      sent += chunk.length;
      yield chunk;
    }
  }
  return { bytes: bytes(), digest: () => hash.digest('hex') };
}

async function collect(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe.each(places)('a snapshot store %s', (_, open) => {
  let place: Place;
  let store: SnapshotStore;

  beforeAll(async () => {
    place = await open();
    ({ store } = place);
  });
  afterAll(() => place.close());

  it('is empty before anything was written', async () => {
    expect(await store.list()).toEqual([]);
    expect(await store.readSmall(['a'])).toEqual(new Map());
    expect(await store.remove(['a'])).toEqual(new Map([['a', 'removed']]));
  });

  it.each([
    ['nothing', 0],
    ['one byte', 1],
    ['almost a part', 8 * mebibyte - 1],
    ['one part', 8 * mebibyte],
    ['a little more than a part', 8 * mebibyte + 1],
    ['many parts', 28 * mebibyte],
  ])('gives back what was written: %s', async (what, size) => {
    const { bytes, digest } = givenBytes(size);
    const name = `round-${what.replaceAll(' ', '-')}`;

    await store.write(name, bytes);
    const read = await collect(store.read(name));

    expect(read.length).toBe(size);
    expect(sha256(read)).toBe(digest());
    expect(await place.names()).toContain(name);
    expect((await store.list()).find((object) => object.name === name)).toMatchObject({ size });
  });

  it.each([
    ['small', mebibyte],
    ['large', 30 * mebibyte],
  ])('has nothing of a %s object whose bytes break off', async (what, size) => {
    const { bytes } = givenBytes(size, (sent) => {
      if (sent >= size / 2) throw new Error('the source is gone');
    });

    await expect(store.write(`broken-${what}`, bytes)).rejects.toThrow('the source is gone');

    expect(await place.names()).not.toContain(`broken-${what}`);
  });

  it('overwrites nothing', async () => {
    await place.put('taken', Buffer.from('old'));

    await expect(store.write('taken', givenBytes(10).bytes)).rejects.toThrow(ObjectExistsError);
    await expect(store.write('taken', givenBytes(20 * mebibyte).bytes)).rejects.toThrow(
      ObjectExistsError,
    );
    expect(await store.create('taken', Buffer.from('new'))).toBe(false);

    expect((await collect(store.read('taken'))).toString()).toBe('old');
  });

  it('creates a small object once', async () => {
    expect(await store.create('created', Buffer.from('{"a":1}'))).toBe(true);
    expect(await store.create('created', Buffer.from('{}'))).toBe(false);

    expect((await collect(store.read('created'))).toString()).toBe('{"a":1}');
  });

  it('lists what is directly in it, with sizes and times', async () => {
    await place.put('listed é +%41 b', Buffer.from('abc'));
    await place.put('below/deep', Buffer.from('x'));

    const listed = await store.list();

    const found = listed.find(({ name }) => name === 'listed é +%41 b');
    expect(found).toMatchObject({ size: 3 });
    expect(Math.abs((found?.modified ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(listed.map(({ name }) => name).filter((name) => /below|deep/.test(name))).toEqual([]);
  });

  it('reads a part of an object', async () => {
    const bytes = randomBytes(3 * mebibyte);
    await place.put('ranged', bytes);
    const read = (offset: number, length: number): Promise<Buffer> =>
      collect(store.read('ranged', { offset, length }));

    expect(await read(0, 10)).toEqual(bytes.subarray(0, 10));
    expect(sha256(await read(12_345, 2_000_000))).toBe(sha256(bytes.subarray(12_345, 2_012_345)));
    expect(await read(bytes.length - 5, 100)).toEqual(bytes.subarray(-5));
    expect(await read(bytes.length, 100)).toHaveLength(0);
    expect(await read(5, 0)).toHaveLength(0);
  });

  it('says of a missing object that it is missing', async () => {
    await expect(collect(store.read('missing'))).rejects.toThrow(ObjectMissingError);
    await expect(collect(store.read('missing', { offset: 0, length: 1 }))).rejects.toThrow(
      ObjectMissingError,
    );
    await expect(collect(store.read('missing', { offset: 0, length: 0 }))).rejects.toThrow(
      ObjectMissingError,
    );
  });

  it('may be left in the middle of an object', async () => {
    await place.put('left', randomBytes(5 * mebibyte));

    for await (const chunk of store.read('left')) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
  });

  it('reads many small objects, and leaves out what is missing or not small', async () => {
    const names = Array.from({ length: 40 }, (__, index) => `small-${index} é`);
    for (const name of names) await place.put(name, Buffer.from(`of ${name}`));
    await place.put('huge', Buffer.alloc(17 * mebibyte));

    const found = await store.readSmall([...names, 'gone', 'huge']);

    expect([...found.keys()].sort()).toEqual([...names].sort());
    for (const name of names) expect(found.get(name)?.toString()).toBe(`of ${name}`);
  });

  it('removes what is named and nothing else', async () => {
    for (const name of ['rem-a', 'rem-b', 'rem-c']) await place.put(name, Buffer.from(name));

    const removals = await store.remove(['rem-a', 'rem-c', 'rem-gone']);

    expect(removals).toEqual(
      new Map([
        ['rem-a', 'removed'],
        ['rem-c', 'removed'],
        ['rem-gone', 'removed'],
      ]),
    );
    const left = await place.names();
    expect(left).toContain('rem-b');
    expect(left).not.toContain('rem-a');
    expect(left).not.toContain('rem-c');
    expect(await store.remove([])).toEqual(new Map());
  });

  it('needs no more memory for more bytes', async () => {
    const before = process.memoryUsage.rss();
    let most = 0;
    const { bytes } = givenBytes(160 * mebibyte, () => {
      most = Math.max(most, process.memoryUsage.rss() - before);
    });

    await store.write('much', bytes);

    expect(most).toBeLessThan(120 * mebibyte);
  });

  it('tells no secret', () => {
    const said = [store.description, ...place.lines].join('\n');

    for (const secret of [password, obscured(password), keys.secretAccessKey]) {
      expect(said).not.toContain(secret);
    }
  });
});

// To die is mostly to wait: that nobody answers has to be noticed.
describe.concurrent.each(places.slice(0, 4))('a destination %s that dies', (_, open) => {
  it('makes the upload fail', async () => {
    const place = await open(undefined, 6_000);
    let dead: Promise<void> | undefined;
    const { bytes } = givenBytes(40 * mebibyte, (sent) => {
      if (sent > 20 * mebibyte) dead ??= place.die?.();
      return dead;
    });

    await expect(place.store.write('dying', bytes)).rejects.toThrow();

    expect(dead).toBeDefined();
    await place.close();
  });
});

describe.each<[string, Open, (name: string) => Treat]>([
  [
    'in a bucket',
    openBucket,
    (name) => (method, url) => (method === 'DELETE' && url.includes(name) ? 'refuse' : 'pass'),
  ],
  [
    'behind WebDAV',
    openServer('webdav', webdav),
    (name) => (method, url) => (method === 'DELETE' && url.includes(name) ? 'refuse' : 'pass'),
  ],
])('a snapshot store %s that keeps one object', (_, open, treatmentOf) => {
  it('removes the others, and says why one stays', async () => {
    const place = await open(treatmentOf('locked'));
    for (const name of ['a', 'locked', 'b']) await place.put(name, Buffer.from(name));

    const removals = await place.store.remove(['a', 'locked', 'gone', 'b']);

    expect(Object.fromEntries(removals)).toEqual({
      a: 'removed',
      b: 'removed',
      gone: 'removed',
      locked: { failed: expect.stringMatching(/403|denied|locked/i) as string },
    });
    expect(await place.names()).toEqual(['locked']);
    await place.close();
  });
});

describe.concurrent('wrong credentials', () => {
  const wrong = 'wrong "pass" wörd %41+\\&=9876543210';

  it.each<[string, Open]>([
    ['WebDAV', openServer('webdav', webdav, wrong)],
    ['SFTP', openServer('sftp', sftp, wrong)],
    ['S3', openServer('s3', s3, wrong)],
  ])('of %s are an error that does not tell them', async (_, open) => {
    const place = await open();

    const failures = await Promise.allSettled([
      place.store.list(),
      place.store.write('a', givenBytes(100).bytes),
      collect(place.store.read('a')),
      place.store.readSmall(['a']),
      place.store.create('a', Buffer.from('x')),
    ]);

    expect(failures.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
    const reasons = failures.map((failure) =>
      failure.status === 'rejected' ? String(failure.reason) : '',
    );
    const said = [...place.lines, ...reasons].join('\n');
    expect(said).not.toBe('');
    for (const secret of [wrong, JSON.stringify(wrong).slice(1, -1), obscured(wrong)]) {
      expect(said).not.toContain(secret);
    }
    await place.close();
  });
});
