import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  context,
  frameLength,
  givenPassphrasePair,
  givenPlain,
  inChunks,
  release,
} from './world.ts';

const { encryption, decryption } = await givenPassphrasePair();
const block = givenPlain(frameLength);
const frames = 64;
const message = await encryption.encryptBytes(context, Buffer.concat(Array<Buffer>(8).fill(block)));

/** Blocks without end, and what became of them. */
function givenSource(bytes: Buffer = block): {
  source: AsyncGenerator<Buffer>;
  state: { given: number; closed: boolean };
} {
  const state = { given: 0, closed: false };
  // eslint-disable-next-line @typescript-eslint/require-await
  async function* blocks(): AsyncGenerator<Buffer> {
    try {
      while (state.given < frames) {
        state.given += 1;
        yield bytes;
      }
    } finally {
      state.closed = true;
    }
  }
  return { source: blocks(), state };
}

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => void process.on('unhandledRejection', note));
afterEach(async () => {
  await new Promise(setImmediate);
  process.off('unhandledRejection', note);
  expect(unhandled.splice(0)).toEqual([]);
});

describe('encrypting', () => {
  test('takes no more than it gives', async () => {
    const { source, state } = givenSource();
    let given = 0;
    for await (const chunk of encryption.encrypt(context, source)) {
      given += chunk.length;
      expect(state.given * frameLength - given).toBeLessThanOrEqual(2 * frameLength);
    }
    expect(state).toEqual({ given: frames, closed: true });
  });

  test('reads nothing before it is read', () => {
    const { source, state } = givenSource();
    encryption.encrypt(context, source);
    expect(state.given).toBe(0);
  });

  test('ends its source when the reader leaves', async () => {
    const { source, state } = givenSource();
    for await (const chunk of encryption.encrypt(context, source)) {
      if (chunk.length >= frameLength) break;
    }
    expect(state.closed).toBe(true);
    expect(state.given).toBeLessThan(4);
  });

  test('ends a stream that is its source when the reader leaves', async () => {
    const stream = Readable.from(givenSource().source);
    for await (const chunk of encryption.encrypt(context, stream)) {
      if (chunk.length > 0) break;
    }
    expect(stream.destroyed).toBe(true);
  });

  test('fails as its source fails, and never looks complete', async () => {
    const broken = new Error('the disk is gone');
    async function* failing(): AsyncGenerator<Buffer> {
      yield block;
      yield block.subarray(5);
      await Promise.resolve();
      throw broken;
    }
    const { plain: written, error } = await release(encryption.encrypt(context, failing()));
    expect(error).toBe(broken);
    expect(written.length).toBeGreaterThan(frameLength);
    await expect(decryption.decryptBytes(context, written)).rejects.toThrow('cut off');
  });
});

describe('decrypting', () => {
  const pieces = (): AsyncGenerator<Uint8Array> => inChunks(message, 100_000);

  test('takes no more than it gives', async () => {
    let taken = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of pieces()) {
        taken += chunk.length;
        yield chunk;
      }
    }
    let given = 0;
    for await (const chunk of decryption.decrypt(context, counted())) {
      given += chunk.length;
      expect(taken - given).toBeLessThan(frameLength);
    }
    expect(given).toBe(8 * frameLength);
  });

  test('ends its source when the reader leaves', async () => {
    const stream = Readable.from(pieces());
    for await (const chunk of decryption.decrypt(context, stream)) {
      if (chunk.length > 0) break;
    }
    expect(stream.destroyed).toBe(true);
  });

  test('ends its source when the message is refused', async () => {
    const { source, state } = givenSource(Buffer.alloc(100, 0xff));
    await release(decryption.decrypt(context, source));
    expect(state.closed).toBe(true);
    const foreign = Readable.from(pieces());
    await release(decryption.decrypt({ agent: 'another' }, foreign));
    expect(foreign.destroyed).toBe(true);
  });

  test('fails as its source fails', async () => {
    const broken = new Error('the connection is gone');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield message.subarray(0, 3 * frameLength);
      await Promise.resolve();
      throw broken;
    }
    const { plain, error } = await release(decryption.decrypt(context, failing()));
    expect(error).toBe(broken);
    expect(plain.length).toBe(2 * frameLength);
  });
});

test('both stand in a pipeline of streams', async () => {
  const chunks: Buffer[] = [];
  await pipeline(
    givenSource().source,
    (plain: AsyncIterable<Buffer>) => encryption.encrypt(context, plain),
    (cipher: AsyncIterable<Buffer>) => decryption.decrypt(context, cipher),
    async (plain: AsyncIterable<Buffer>) => {
      for await (const chunk of plain) chunks.push(chunk);
    },
  );
  expect(Buffer.concat(chunks).length).toBe(frames * frameLength);
  expect(chunks.every((chunk) => chunk.equals(block))).toBe(true);
});
