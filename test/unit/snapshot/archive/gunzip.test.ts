import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { gunzip } from '../../../../functions/shared/snapshot/archive/index.ts';
import { chunksOf, collect, takeOne } from './given.ts';

async function outcome(given: Buffer, chunk?: number, maxBytes?: number): Promise<string> {
  const options = maxBytes === undefined ? {} : { maxBytes };
  return collect(gunzip(chunksOf(given, chunk), options)).then(
    (content) => content.toString(),
    (error: unknown) => (error as { code: string }).code,
  );
}

describe('gunzip', () => {
  const one = gzipSync('one');
  const two = gzipSync('and two');

  it.each([1, 3, 1000])('reads one member or several, in chunks of %d', async (chunk) => {
    expect(await outcome(one, chunk)).toBe('one');
    expect(await outcome(Buffer.concat([one, two]), chunk)).toBe('oneand two');
    expect(await outcome(Buffer.concat([one, Buffer.alloc(100)]), chunk)).toBe('one');
  });

  it('says that it is truncated, wherever it is cut', async () => {
    for (let length = 0; length < one.length; length++) {
      expect(await outcome(one.subarray(0, length)), `${length}`).toBe('archive-truncated');
    }
    const both = Buffer.concat([one, two]);
    for (let length = one.length + 1; length < both.length; length++) {
      expect(await outcome(both.subarray(0, length), 5), `${length}`).toBe('archive-truncated');
    }
  });

  it('refuses damage and garbage', async () => {
    const flipped = Buffer.from(one);
    flipped.writeUInt8(flipped.readUInt8(flipped.length - 6) ^ 1, flipped.length - 6);

    expect(await outcome(flipped)).toBe('archive-damaged');
    expect(await outcome(Buffer.from('garbage'))).toBe('archive-damaged');
    expect(await outcome(Buffer.concat([one, Buffer.from('garbage')]))).toBe('archive-damaged');
  });

  it('stops a bomb at its limit', async () => {
    const bomb = gzipSync(Buffer.alloc(50 << 20));

    expect(await outcome(bomb, undefined, 1 << 20)).toBe('archive-limit');
    expect(await outcome(one, undefined, 3)).toBe('one');
  });

  it('throws what its source throws, and lets go of it on an early return', async () => {
    let closed = 0;
    async function* source(fails: boolean): AsyncGenerator<Buffer> {
      try {
        yield gzipSync(Buffer.alloc(1 << 20));
        if (fails) throw await Promise.resolve(new Error('the source broke off'));
        for (;;) yield await Promise.resolve(gzipSync(Buffer.alloc(1 << 20)));
      } finally {
        closed++;
      }
    }
    await expect(collect(gunzip(source(true)))).rejects.toThrow('the source broke off');
    await takeOne(gunzip(source(false)));

    expect(closed).toBe(2);
  });
});
