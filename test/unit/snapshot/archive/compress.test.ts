import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compressBlocks,
  decompressFrames,
} from '../../../../functions/shared/snapshot/archive/index.ts';
import { all, chunksOf, collect, takeOne } from './given.ts';

const blockBytes = 64 << 10;
const zstdMissing = spawnSync('zstd', ['--version']).status !== 0;

async function compressed(content: Buffer, chunk?: number, block = blockBytes): Promise<Buffer> {
  return collect(compressBlocks(chunksOf(content, chunk), { blockBytes: block }));
}

async function decompressed(frames: Buffer, chunk?: number): Promise<Buffer> {
  return collect(decompressFrames(chunksOf(frames, chunk)));
}

function frame(content: string | Buffer): Buffer {
  return zstdCompressSync(content, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
}

function skippable(content: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x184d2a53);
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, Buffer.from(content)]);
}

/** A frame header with a content size of eight bytes, and an empty block. */
function frameThatClaims(size: bigint): Buffer {
  const header = Buffer.from('28b52ffdc0500000000000000000010000', 'hex');
  header.writeBigUInt64LE(size, 6);
  return header;
}

describe('compressing by blocks', () => {
  it.each([0, 1, blockBytes - 1, blockBytes, blockBytes + 1, 5 * blockBytes + 7])(
    'gives back %d bytes, noise and text alike',
    async (size) => {
      for (const content of [randomBytes(size), Buffer.alloc(size, 'text and ')]) {
        expect((await decompressed(await compressed(content))).equals(content)).toBe(true);
      }
    },
  );

  it('does not depend on how its input or its output is cut', async () => {
    const content = fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes));
    const cut = fc.integer({ min: 1, max: 700 });
    const property = fc.asyncProperty(content, cut, cut, async (given, inputs, outputs) => {
      const frames = await compressed(given, inputs, 512);

      expect(frames.equals(await compressed(given, 1, 512))).toBe(true);
      expect((await decompressed(frames, outputs)).equals(given)).toBe(true);
      expect((await decompressed(frames, 1)).equals(given)).toBe(true);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('uses buffers again only when nobody reads them', async () => {
    const content = randomBytes(24 << 20);

    expect((await decompressed(await compressed(content, 1 << 20, 2 << 20))).equals(content)).toBe(
      true,
    );
  });

  it('is one stream to any decoder', async () => {
    const content = randomBytes(3 * blockBytes + 5);

    expect(zstdDecompressSync(await compressed(content)).equals(content)).toBe(true);
  });

  it.skipIf(zstdMissing)('is one stream to the command of Zstandard', async () => {
    const content = randomBytes(3 * blockBytes + 5);
    const output = execFileSync('zstd', ['-dc'], { input: await compressed(content) });

    expect(output.equals(content)).toBe(true);
  });

  it('makes frames of 6 MiB by default, which say their size', async () => {
    const frames = await collect(compressBlocks(chunksOf(Buffer.alloc(13 << 20, 'abc'))));
    const sizes = (await all(decompressFrames(chunksOf(frames)))).map((block) => block.length);

    expect(sizes).toEqual([6 << 20, 6 << 20, 1 << 20]);
  });

  it('reads no further than its window while nobody takes frames', async () => {
    let read = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        read++;
        yield await Promise.resolve(randomBytes(blockBytes));
      }
    }
    const frames = compressBlocks(endless(), { blockBytes, window: 3 });
    for (let taken = 0; taken < 10; taken++) await frames.next();
    const readThen = read;
    await new Promise((resolve) => setTimeout(resolve, 30));

    expect(read).toBe(readThen);
    expect(read).toBeLessThanOrEqual(10 + 3 + 1);
    await frames.return();
  });

  it('throws what its source throws, and yields nothing after that', async () => {
    async function* failing(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(randomBytes(blockBytes));
      throw new Error('the source broke off');
    }
    const seen: Buffer[] = [];
    const run = async (): Promise<void> => {
      for await (const piece of compressBlocks(failing(), { blockBytes })) seen.push(piece);
    };

    await expect(run()).rejects.toThrow('the source broke off');
    expect(seen).toEqual([]);
  });

  it.each(['compress', 'decompress'])(
    'lets go of its source on an early return: %s',
    async (way) => {
      let closed = false;
      async function* source(): AsyncGenerator<Buffer> {
        try {
          for (;;) yield await Promise.resolve(frame(randomBytes(blockBytes)));
        } finally {
          closed = true;
        }
      }
      const stream =
        way === 'compress' ? compressBlocks(source(), { blockBytes }) : decompressFrames(source());
      await takeOne(stream);

      expect(closed).toBe(true);
    },
  );
});

describe('decompressing frames', () => {
  it('passes over skippable and empty frames', async () => {
    const frames = [skippable('hidden'), frame('one'), frame(''), skippable(''), frame('two')];

    expect((await decompressed(Buffer.concat(frames), 3)).toString()).toBe('onetwo');
  });

  it.each([
    ['10 TB', 10_000_000_000_000n],
    ['a byte too much', (16n << 20n) + 1n],
    ['the most that there is', 2n ** 64n - 1n],
  ])('refuses a frame that claims %s before it reads it', async (_, claim) => {
    await expect(decompressed(frameThatClaims(claim))).rejects.toMatchObject({
      code: 'archive-limit',
    });
  });

  it('refuses a frame that holds less or more than it claims', async () => {
    await expect(decompressed(frameThatClaims(1000n))).rejects.toMatchObject({
      code: 'archive-damaged',
    });
    const bomb = zstdCompressSync(Buffer.alloc(10 << 20));
    bomb.writeUInt32LE(1 << 20, 6);
    await expect(decompressed(bomb)).rejects.toMatchObject({ code: 'archive-damaged' });
  });

  it('refuses a frame of endless empty blocks', async () => {
    const blocks = Buffer.alloc(300_000);
    const endless = Buffer.concat([frameThatClaims(10n).subarray(0, 14), blocks]);

    await expect(decompressed(endless)).rejects.toThrow('longer than its content can make it');
  });

  it('refuses frames without a content size, and with a dictionary', async () => {
    // zstdCompress writes before it knows that nothing follows, as a pipe does.
    const piped = await promisify(zstdCompress)('some text');
    await expect(decompressed(piped)).rejects.toThrow('does not say how large its content is');
    await expect(decompressed(Buffer.from('28b52ffd210101', 'hex'))).rejects.toThrow('dictionary');
  });

  it('refuses garbage, before, between and behind', async () => {
    for (const bad of [
      ['x', ''],
      ['', 'garbage!'],
      ['\0\0\0\0', ''],
    ] as const) {
      const [before, behind] = bad.map((text) => Buffer.from(text));
      const given = Buffer.concat([before as Buffer, frame('one'), behind as Buffer]);
      await expect(decompressed(given)).rejects.toMatchObject({ code: 'archive-damaged' });
    }
  });

  it('says that a stream is truncated, wherever it is cut', async () => {
    const first = await compressed(Buffer.alloc(300, 'abc'), 100, 256);
    for (let length = 0; length < first.length; length++) {
      const cut = first.subarray(0, length);
      const whole = await decompressed(cut).then(
        (content) => content.length,
        (error: unknown) => (error as { code: string }).code,
      );
      // Between two frames nothing shows that more should follow: the archive's end mark does.
      expect(whole === 'archive-truncated' || whole === 256, `${length}: ${whole}`).toBe(true);
    }
  });

  it('notices every bit that is flipped', async () => {
    const content = Buffer.from('a text that is long enough, a text that is long enough, yes');
    const good = await compressed(content);
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Buffer.from(good);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const outcome = await decompressed(bad).catch((error: unknown) => error);
      if (Buffer.isBuffer(outcome)) expect(outcome.equals(content), `bit ${bit}`).toBe(true);
      else expect(outcome).toHaveProperty('code', expect.stringMatching(/^archive-/));
    }
  });
});
