import { describe, expect, test } from 'vitest';
import {
  ForeignMessageError,
  TamperedError,
} from '../../../../functions/shared/snapshot/encryption/errors.ts';
import {
  context,
  frameLength,
  givenPassphrasePair,
  givenPlain,
  inChunks,
  release,
} from './world.ts';

const { encryption, decryption } = await givenPassphrasePair();
const plain = givenPlain(2 * frameLength + 5);
const message = await encryption.encryptBytes(context, plain);
const sealedFrame = 16 + frameLength + 16;
const sealedLast = 24 + 5 + 16;
const bodyStart = message.length - 2 * sealedFrame - sealedLast;
const bodies = [0, 1, 2].map((n) => bodyStart + n * sealedFrame);

/** It fails, and gave nothing but whole frames that stand before the first changed byte. */
async function expectRefused(changed: Buffer, at: number, ...chunks: number[]): Promise<unknown> {
  const { plain: released, error } = await release(
    decryption.decrypt(context, inChunks(changed, ...chunks)),
  );
  const intact = bodies.filter((start) => start + sealedFrame <= at).length;
  expect(error).toBeInstanceOf(Error);
  expect(released.length).toBeLessThanOrEqual(intact * frameLength);
  expect(released.equals(plain.subarray(0, released.length))).toBe(true);
  return error;
}

function flipped(at: number, bit = 1): Buffer {
  const changed = Buffer.from(message);
  changed.writeUInt8(changed.readUInt8(at) ^ bit, at);
  return changed;
}

test('every byte of the header counts', async () => {
  for (let at = 0; at < bodyStart; at += 1) {
    const error = await expectRefused(flipped(at, 1 << (at % 8)), at, message.length);
    // A changed byte within the context may well read as a message of something else.
    const classes = [TamperedError, ForeignMessageError];
    expect(
      classes.some((known) => error instanceof known),
      `byte ${at}: ${String(error)}`,
    ).toBe(true);
  }
});

describe('a flipped bit', () => {
  const frame = [0, 4, 15, 16, 4_000, sealedFrame - 17, sealedFrame - 16, sealedFrame - 1];
  const last = [0, 4, 8, 19, 20, 23, 24, 28, 29, sealedLast - 1];
  const positions = [
    ...bodies.slice(0, 2).flatMap((start) => frame.map((at) => start + at)),
    ...last.map((at) => message.length - sealedLast + at),
  ];
  test.each(positions)('at %i is seen', async (at) => {
    expect(await expectRefused(flipped(at, 0x80), at, 65_536)).toBeInstanceOf(TamperedError);
  });
});

test('wherever its tail is cut off, it is not taken for whole', async () => {
  const lengths = [0, 1, 2, 36, bodyStart - 1, bodyStart, bodyStart + 1, bodyStart + 16];
  const ends = bodies.flatMap((start) => [start - 1, start, start + 1, start + 15, start + 1000]);
  for (const length of [...lengths, ...ends, message.length - 17, message.length - 1]) {
    if (length >= message.length) continue;
    const error = await expectRefused(message.subarray(0, length), length, 300_000);
    expect(error, `cut at ${length}`).toBeInstanceOf(TamperedError);
  }
});

test.each([1, 16, 100, 2_000_000])('%i bytes after its end are seen', async (length) => {
  const longer = Buffer.concat([message, Buffer.alloc(length)]);
  const error = await expectRefused(longer, message.length - 1, message.length, 1);
  expect(error).toBeInstanceOf(TamperedError);
});

test('a message twice in a row is not one message', async () => {
  const twice = Buffer.concat([message, message]);
  expect(await expectRefused(twice, message.length - 1, 100_000)).toBeInstanceOf(TamperedError);
});

describe('frames', () => {
  const [first, second, last] = [
    message.subarray(bodies[0], bodies[1]),
    message.subarray(bodies[1], bodies[2]),
    message.subarray(bodies[2]),
  ];
  const header = message.subarray(0, bodyStart);
  const joined = {
    swapped: [header, second, first, last],
    'left out': [header, second, last],
    'left out at the end': [header, first, last],
    repeated: [header, first, first, second, last],
    'without the last': [header, first, second],
    'the last alone': [header, last],
  };

  test.each(Object.entries(joined))('%s', async (_, parts) => {
    const untouched = parts[1] === first ? bodies[1] : bodyStart;
    const error = await expectRefused(
      Buffer.concat(parts),
      parts[2] === second ? message.length : (untouched ?? 0),
      500_000,
    );
    expect(error).toBeInstanceOf(TamperedError);
  });

  test('renumbered', async () => {
    const parts = [header, second, first, last].map((part) => Buffer.from(part));
    parts[1]?.writeUInt32BE(1, 0);
    parts[2]?.writeUInt32BE(2, 0);
    expect(await expectRefused(Buffer.concat(parts), bodyStart, 500_000)).toBeInstanceOf(
      TamperedError,
    );
  });

  test('of another message of the same snapshot', async () => {
    const other = await encryption.encryptBytes(context, plain);
    const mixed = Buffer.concat([
      header,
      other.subarray(other.length - message.length + bodyStart),
    ]);
    expect(await expectRefused(mixed, bodyStart, 500_000)).toBeInstanceOf(TamperedError);
  });
});

describe('a message of something else', () => {
  test('is named, and gives nothing', async () => {
    const other = await encryption.encryptBytes({ ...context, part: 'index' }, plain);
    const { plain: released, error } = await release(
      decryption.decrypt(context, inChunks(other, 1000)),
    );
    expect(error).toBeInstanceOf(ForeignMessageError);
    expect(error).toMatchObject({ field: 'part', expected: 'data', found: 'index' });
    expect(released).toHaveLength(0);
  });

  test('may lack the field', async () => {
    const other = await encryption.encryptBytes({ agent: 'main' }, plain);
    await expect(decryption.decryptBytes({ part: 'data' }, other)).rejects.toMatchObject({
      field: 'part',
      found: undefined,
    });
  });

  test('is that of another snapshot with the same passphrase', async () => {
    const { encryption: elsewhere } = await givenPassphrasePair();
    const other = await elsewhere.encryptBytes(context, plain);
    await expect(decryption.decryptBytes(context, other)).rejects.toMatchObject({
      name: 'ForeignMessageError',
      field: 'kdf-salt',
    });
  });

  test('may say more than is asked for', async () => {
    expect((await decryption.decryptBytes({ agent: 'main' }, message)).equals(plain)).toBe(true);
  });
});

test.each([
  Buffer.alloc(0),
  Buffer.alloc(300_000, 0xff),
  Buffer.alloc(300_000, 2),
  givenPlain(5000),
])('what was never a message is refused (%#)', async (bytes) => {
  await expect(decryption.decryptBytes(context, bytes)).rejects.toThrow(TamperedError);
});
