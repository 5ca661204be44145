import { gunzipSync } from 'node:zlib';
import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { readFenced, writeFenced } from '../../../functions/shared/state/fenced.ts';
import { readJson, StateCorruptError } from '../../../functions/shared/state/json.ts';
import { StaleLeaseError } from '../../../functions/shared/state/lease.ts';
import { MemoryObjectStore } from '../../fixtures/memory-object-store.ts';

const schema = z.object({ count: z.number() });

function read(store: MemoryObjectStore, key = 'k.json'): Promise<{ count: number } | undefined> {
  return readFenced(store, key, schema);
}

describe('a fenced value', () => {
  it.each(['k.json', 'k.json.gz'])('is read as it was written: %s', async (key) => {
    const store = new MemoryObjectStore();

    await writeFenced(store, key, 1, { count: 7 });

    expect(await read(store, key)).toEqual({ count: 7 });
  });

  it('is compressed where its name says so', async () => {
    const store = new MemoryObjectStore();

    await writeFenced(store, 'k.json.gz', 1, { count: 7 });

    const bytes = store.objects.get('k.json.gz')?.body ?? new Uint8Array();
    expect(gunzipSync(bytes).toString()).toBe('{"fence":1,"value":{"count":7}}');
  });

  it('is nothing where nothing was written', async () => {
    expect(await read(new MemoryObjectStore())).toBeUndefined();
  });

  it('is replaced by the same holder and by a later one', async () => {
    const store = new MemoryObjectStore();
    for (const fence of [3, 3, 4]) await writeFenced(store, 'k.json', fence, { count: fence });

    expect(await read(store)).toEqual({ count: 4 });
  });

  it('refuses a writer whose lease has passed on', async () => {
    const store = new MemoryObjectStore();
    await writeFenced(store, 'k.json', 5, { count: 5 });

    const late = writeFenced(store, 'k.json', 4, { count: 4 });

    await expect(late).rejects.toThrow(StaleLeaseError);
    await expect(late).rejects.toThrow('written under lease number 5');
    await expect(late).rejects.toMatchObject({ code: 'stale-lease', retryable: false });
    expect(await read(store)).toEqual({ count: 5 });
  });

  it('refuses a late writer that has read before the later one wrote', async () => {
    const store = new MemoryObjectStore();
    await writeFenced(store, 'k.json', 1, { count: 1 });
    const get = store.get.bind(store);
    store.get = async (key) => {
      const found = await get(key);
      store.get = get;
      await writeFenced(store, key, 3, { count: 3 });
      return found;
    };

    await expect(writeFenced(store, 'k.json', 2, { count: 2 })).rejects.toThrow(StaleLeaseError);
    expect(await read(store)).toEqual({ count: 3 });
  });

  it('is the latest holder’s, however many write at once', async () => {
    const store = new MemoryObjectStore();
    const fences = Array.from({ length: 5 }, (_, index) => index + 1);

    await Promise.allSettled(
      fences.map((fence) => writeFenced(store, 'k.json', fence, { count: fence })),
    );

    expect(await read(store)).toEqual({ count: 5 });
  });

  it('does not go round in circles where another keeps writing', async () => {
    const store = new MemoryObjectStore();
    let writes = 0;
    store.put = () => {
      writes++;
      return Promise.resolve({ written: false });
    };

    await expect(writeFenced(store, 'k.json', 1, {})).rejects.toThrow(StaleLeaseError);
    expect(writes).toBeLessThan(10);
  });

  it.each([
    ['not JSON', '{"fence":'],
    ['without its number', '{"value":{"count":1}}'],
    ['of another shape', '{"fence":1,"value":{"count":"one"}}'],
    ['empty', ''],
  ])('that is %s is never guessed at', async (_, text) => {
    const store = new MemoryObjectStore();
    await store.put('k.json', text);

    const reading = read(store);

    await expect(reading).rejects.toThrow(StateCorruptError);
    await expect(reading).rejects.toThrow('"k.json" is not what this release writes');
    await expect(reading).rejects.toMatchObject({ code: 'state-corrupt', retryable: false });
  });

  it.each(['{"fence":', '{"value":1}', '{"fence":-1,"value":1}'])(
    'that cannot be read is not written over: %s',
    async (text) => {
      const store = new MemoryObjectStore();
      await store.put('k.json', text);

      await expect(writeFenced(store, 'k.json', 9, {})).rejects.toThrow(StateCorruptError);
      expect(store.text('k.json')).toBe(text);
    },
  );

  it('that says it is compressed and is not cannot be read', async () => {
    const store = new MemoryObjectStore();
    await store.put('k.json.gz', '{"fence":1,"value":{"count":1}}');

    await expect(read(store, 'k.json.gz')).rejects.toThrow(StateCorruptError);
  });
});

describe('an object of state', () => {
  it('is read with the tag that its replacement names', async () => {
    const store = new MemoryObjectStore();
    await store.put('k.json', '{"count":1}');

    const found = await readJson(store, 'k.json', schema);

    expect(found?.value).toEqual({ count: 1 });
    expect(await store.put('k.json', '{}', { ifMatch: found?.etag ?? '' })).toMatchObject({
      written: true,
    });
  });

  it.each(['', '{', '{"count":"1"}', 'null'])('is never guessed at: %j', async (text) => {
    const store = new MemoryObjectStore();
    await store.put('k.json', text);

    await expect(readJson(store, 'k.json', schema)).rejects.toThrow(StateCorruptError);
  });
});
