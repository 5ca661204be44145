import { randomBytes } from 'node:crypto';
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ObjectExistsError } from '../../../../functions/shared/snapshot/store/errors.ts';
import { s3Store } from '../../../../functions/shared/snapshot/store/s3-store.ts';
import type { SnapshotStore } from '../../../../functions/shared/snapshot/store/store.ts';
import { startEmulator, type Emulator } from '../../../../local/emulator.ts';
import { startPickyProxy, type PickyProxy, type Treatment } from './picky-proxy.ts';

const Bucket = 'snapshots';
const mebibyte = 1_048_576;

let emulator: Emulator;
let direct: S3Client;
let client: S3Client;
let proxy: PickyProxy;
let treat: (method: string, url: string) => Treatment;
let store: SnapshotStore;
let lines: string[];

beforeAll(async () => {
  emulator = await startEmulator();
  direct = new S3Client({ ...emulator.client, forcePathStyle: true });
  await direct.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  direct.destroy();
  await emulator.stop();
});
beforeEach(async () => {
  treat = () => 'pass';
  lines = [];
  const write = (message: string): void => void lines.push(message);
  proxy = await startPickyProxy(emulator.url, (method, url) => treat(method, url));
  client = new S3Client({ ...emulator.client, endpoint: proxy.url, forcePathStyle: true });
  store = s3Store({
    client,
    bucket: Bucket,
    prefix: 'main',
    description: 'the bucket',
    log: { debug: write, info: write, warn: write, error: write },
  });
});
afterEach(async () => {
  client.destroy();
  await proxy.stop();
});

/** Treats the first so many requests of a kind that way. */
function givenTrouble(kind: RegExp, treatment: Treatment, times = 1): void {
  let left = times;
  treat = (method, url) => (kind.test(`${method} ${url}`) && left-- > 0 ? treatment : 'pass');
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream of what is at hand
async function* stream(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += mebibyte) yield bytes.subarray(at, at + mebibyte);
}

async function collect(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function expectNoUploadLeft(): Promise<void> {
  const { Uploads = [] } = await direct.send(new ListMultipartUploadsCommand({ Bucket }));
  expect(Uploads).toEqual([]);
}

const complete = /^POST .*uploadId=/;

describe('an upload whose answer is lost', () => {
  it.each([
    ['of one request', 1_000, /^PUT /],
    ['of many parts', 20 * mebibyte, complete],
  ])('%s was done, and is not taken for somebody else’s', async (what, size, kind) => {
    const bytes = randomBytes(size);
    givenTrouble(kind, 'lose');

    await store.write(`lost ${what}`, stream(bytes));

    expect((await collect(store.read(`lost ${what}`))).equals(bytes)).toBe(true);
    await expectNoUploadLeft();
  });

  it('was written by another where another wrote it', async () => {
    await direct.send(new PutObjectCommand({ Bucket, Key: 'main/other', Body: 'other' }));
    givenTrouble(complete, 'lose');

    await expect(store.write('other', stream(randomBytes(20 * mebibyte)))).rejects.toThrow(
      ObjectExistsError,
    );
    await expectNoUploadLeft();
  });
});

describe('an upload that fails', () => {
  it('is aborted, with the first error', async () => {
    givenTrouble(/^PUT .*partNumber=2/, 'refuse', Infinity);

    await expect(store.write('failing', stream(randomBytes(60 * mebibyte)))).rejects.toThrow(
      'It is locked.',
    );

    expect(proxy.seen.filter((request) => /^DELETE .*uploadId/.test(request))).toHaveLength(1);
    expect(proxy.seen.filter((request) => complete.test(request))).toEqual([]);
    await expectNoUploadLeft();
  });

  it('tells the first error though it cannot be aborted', async () => {
    givenTrouble(/^(PUT .*partNumber=2|DELETE )/, 'refuse', Infinity);

    await expect(store.write('stuck', stream(randomBytes(20 * mebibyte)))).rejects.toThrow(
      'It is locked.',
    );

    expect(lines).toEqual(['an upload could not be aborted']);
  });

  it('sends a part again whose connection broke', async () => {
    const bytes = randomBytes(20 * mebibyte);
    givenTrouble(/^PUT .*partNumber=2/, 'lose');

    await store.write('again', stream(bytes));

    expect((await collect(store.read('again'))).equals(bytes)).toBe(true);
  });
});

describe('a body that breaks off', () => {
  const bytes = randomBytes(5 * mebibyte);

  beforeEach(async () => {
    await direct.send(new PutObjectCommand({ Bucket, Key: 'main/broken', Body: bytes }));
  });

  it('is taken up where it was', async () => {
    givenTrouble(/^GET /, { cut: 1_000_000 }, 3);

    expect((await collect(store.read('broken'))).equals(bytes)).toBe(true);
    expect(proxy.seen).toHaveLength(4);
  });

  it('of a part is taken up where it was', async () => {
    givenTrouble(/^GET /, { cut: 500_000 });

    const part = await collect(store.read('broken', { offset: 77, length: 2_000_000 }));

    expect(part.equals(bytes.subarray(77, 2_000_077))).toBe(true);
  });

  it('again and again is an error, never a short object', { timeout: 30_000 }, async () => {
    givenTrouble(/^GET /, { cut: 1_000 }, Infinity);

    await expect(collect(store.read('broken'))).rejects.toThrow();
    expect(proxy.seen).toHaveLength(6);
  });

  it('does not go on in another object', async () => {
    givenTrouble(/^GET /, { cut: 1_000_000 });
    const reading = store.read('broken')[Symbol.asyncIterator]();
    await reading.next();
    await direct.send(
      new PutObjectCommand({ Bucket, Key: 'main/broken', Body: randomBytes(5 * mebibyte) }),
    );

    await expect(
      (async () => {
        while (!(await reading.next()).done);
      })(),
    ).rejects.toThrow(/pre-?condition/i);
  });
});
