import { constants, type ZstdOptions } from 'node:zlib';
import { type Block, blocksOf, Pool } from './blocks.ts';
import { FrameEncoder } from './encoder.ts';
import { inOrder } from './in-order.ts';

/** How to compress. */
export interface CompressOptions {
  /** Of Zstandard, 3 by default. */
  level?: number;
  /** How much goes into one frame: more compresses better and takes more memory. 6 MiB by default. */
  blockBytes?: number;
  /** Blocks that are compressed at once. 2 by default, as a function has at most two processors. */
  window?: number;
}

/**
 * Compresses a stream into Zstandard frames, one for each block of it, in order; a frame comes in
 * pieces of at most 1 MiB. Together they are one stream to every decoder; each says how large its
 * content is and carries a checksum of it. Nothing becomes one empty frame.
 *
 * It holds at most `window` + 1 blocks and reads on only when the next frame is asked for. An error
 * of `chunks` is thrown once the blocks under way have ended, and no frame is yielded after it.
 */
export async function* compressBlocks(
  chunks: AsyncIterable<Uint8Array>,
  { level = 3, blockBytes = 6 << 20, window = 2 }: CompressOptions = {},
): AsyncGenerator<Buffer, void, void> {
  const buffers = new Pool<Buffer>(() => Buffer.allocUnsafeSlow(blockBytes));
  const encoders = new Pool(() => new FrameEncoder(parameters(level, blockBytes)));
  const frameOf = async ({ buffer, length }: Block): Promise<Buffer[]> => {
    const encoder = encoders.take();
    try {
      return await encoder.encode(buffer.subarray(0, length));
    } finally {
      encoders.giveBack(encoder);
      buffers.giveBack(buffer);
    }
  };
  try {
    for await (const frame of inOrder(window, blocksOf(chunks, buffers), frameOf)) yield* frame;
  } finally {
    for (const encoder of encoders.idle) encoder.close();
  }
}

/**
 * A block begins without a past, so that blocks compress worse than one stream. What makes up for it:
 * the window spans the block, and at the usual level the tables have four times the room that
 * Zstandard would give them, at little cost. Never `nbWorkers`: it crashes Node 24.
 */
function parameters(level: number, blockBytes: number): NonNullable<ZstdOptions['params']> {
  const windowLog = Math.min(Math.max(Math.ceil(Math.log2(blockBytes)), 10), 24);
  return {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_checksumFlag]: 1,
    [constants.ZSTD_c_windowLog]: windowLog,
    ...(level === 3 && { [constants.ZSTD_c_hashLog]: 19, [constants.ZSTD_c_chainLog]: 18 }),
  };
}
