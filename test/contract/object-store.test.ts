import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../functions/shared/state/object-store.ts';
import { s3ObjectStore } from '../../functions/shared/state/s3-object-store.ts';
import { startEmulator, type Emulator } from '../../local/emulator.ts';
import { MemoryObjectStore } from '../fixtures/memory-object-store.ts';

let emulator: Emulator;
let client: S3Client;

beforeAll(async () => {
  emulator = await startEmulator();
  client = new S3Client({ ...emulator.client, forcePathStyle: true });
});
afterAll(async () => {
  client.destroy();
  await emulator.stop();
});

async function emptyBucket(): Promise<ObjectStore> {
  const Bucket = `state-${randomBytes(6).toString('hex')}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  return s3ObjectStore(client, Bucket);
}

const stores: [string, () => Promise<ObjectStore>][] = [
  ['in memory', () => Promise.resolve(new MemoryObjectStore())],
  ['in S3', emptyBucket],
];

async function text(store: ObjectStore, key: string): Promise<string | undefined> {
  const found = await store.get(key);
  return found && new TextDecoder().decode(found.body);
}

/** Writes and expects it to work. @returns the tag. */
async function written(
  store: ObjectStore,
  key: string,
  body: string,
  condition?: Parameters<ObjectStore['put']>[2],
): Promise<string> {
  const outcome = await store.put(key, body, condition);
  if (!outcome.written) throw new Error(`${key} was not written`);
  return outcome.etag;
}

describe.each(stores)('an object store %s', (_, create) => {
  it('has nothing at first', async () => {
    expect(await (await create()).get('a.json')).toBeUndefined();
  });

  it('gives back what was put, with the tag that the write gave', async () => {
    const store = await create();
    const etag = await written(store, 'a.json', 'é{"a":1}');

    expect(await text(store, 'a.json')).toBe('é{"a":1}');
    expect((await store.get('a.json'))?.etag).toBe(etag);
  });

  it('replaces without a condition', async () => {
    const store = await create();
    const first = await written(store, 'a.json', '1');
    const second = await written(store, 'a.json', '2');

    expect(second).not.toBe(first);
    expect(await text(store, 'a.json')).toBe('2');
  });

  it('writes where nothing is, and only there', async () => {
    const store = await create();
    await written(store, 'a.json', '1', { ifAbsent: true });

    expect(await store.put('a.json', '2', { ifAbsent: true })).toEqual({ written: false });
    expect(await text(store, 'a.json')).toBe('1');
  });

  it('replaces what was read, and nothing else', async () => {
    const store = await create();
    const first = await written(store, 'a.json', '1');
    const second = await written(store, 'a.json', '2', { ifMatch: first });

    expect(await store.put('a.json', '3', { ifMatch: first })).toEqual({ written: false });
    expect(await text(store, 'a.json')).toBe('2');
    await written(store, 'a.json', '3', { ifMatch: second });
  });

  it('replaces nothing that was never there, or is gone', async () => {
    const store = await create();
    const etag = await written(store, 'a.json', '1');
    await store.delete('a.json');

    expect(await store.put('a.json', '2', { ifMatch: etag })).toEqual({ written: false });
    expect(await store.put('b.json', '2', { ifMatch: etag })).toEqual({ written: false });
    expect(await store.get('a.json')).toBeUndefined();
    expect(await store.get('b.json')).toBeUndefined();
  });

  it('writes anew where something was deleted', async () => {
    const store = await create();
    await written(store, 'a.json', '1');
    await store.delete('a.json');

    await written(store, 'a.json', '2', { ifAbsent: true });

    expect(await text(store, 'a.json')).toBe('2');
  });

  it('deletes what is not there without a word', async () => {
    await expect((await create()).delete('a.json')).resolves.toBeUndefined();
  });

  it('lets one of twenty win that write where nothing is', async () => {
    const store = await create();

    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (__, index) => store.put('a', `${index}`, { ifAbsent: true })),
    );

    const winners = outcomes.flatMap((outcome, index) => (outcome.written ? [`${index}`] : []));
    expect(winners).toHaveLength(1);
    expect(await text(store, 'a')).toBe(winners[0]);
  });

  it('lets one of twenty win that replace what they have read', async () => {
    const store = await create();
    const ifMatch = await written(store, 'a', 'before');

    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (__, index) => store.put('a', `${index}`, { ifMatch })),
    );

    const winners = outcomes.flatMap((outcome, index) => (outcome.written ? [`${index}`] : []));
    expect(winners).toHaveLength(1);
    expect(await text(store, 'a')).toBe(winners[0]);
  });

  it('loses no count of ten that count up by reading and replacing', async () => {
    const store = await create();
    await written(store, 'count', '0');
    const countUp = async (): Promise<void> => {
      for (;;) {
        const found = await store.get('count');
        const next = Number(new TextDecoder().decode(found?.body)) + 1;
        const outcome = await store.put('count', `${next}`, { ifMatch: found?.etag ?? '' });
        if (outcome.written) return;
      }
    };

    await Promise.all(Array.from({ length: 10 }, countUp));

    expect(await text(store, 'count')).toBe('10');
  });

  it('keeps every byte of a large object', async () => {
    const store = await create();
    const body = randomBytes(6 * 1024 * 1024);

    await store.put('large.json.gz', body);

    const found = await store.get('large.json.gz');
    expect(Buffer.from(found?.body ?? []).equals(body)).toBe(true);
  });

  it('keeps an object of no bytes', async () => {
    const store = await create();
    await written(store, 'empty', '');

    expect(await text(store, 'empty')).toBe('');
    expect(await store.put('empty', 'x', { ifAbsent: true })).toEqual({ written: false });
  });

  it.each([
    'leases/agents/main/sync.json',
    'a b.json',
    'a+b.json',
    'a%2Bb.json',
    'é/😀.json',
    "it's (1) & [2] = {3}?#.json",
    'a//b.json',
    '__proto__',
  ])('takes %j for a key, and for no other', async (key) => {
    const store = await create();

    await written(store, key, key, { ifAbsent: true });

    expect(await text(store, key)).toBe(key);
    expect(await text(store, key.replace('+', ' '))).toBe(key.includes('+') ? undefined : key);
    await store.delete(key);
    expect(await store.get(key)).toBeUndefined();
  });
});
