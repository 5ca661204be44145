import { promisify } from 'node:util';
import { zstdDecompress, type ZstdOptions } from 'node:zlib';
import { ByteReader } from './byte-reader.ts';
import { ArchiveDamagedError } from './errors.ts';
import { type Frame, framesOf } from './frames.ts';
import { inOrder } from './in-order.ts';

const decompress = promisify<Uint8Array, ZstdOptions, Buffer>(zstdDecompress);

/** How to decompress. */
export interface DecompressOptions {
  /** Frames that are decompressed at once. 2 by default. */
  window?: number;
  /** Content of one frame that is allowed; 16 MiB by default, twice what `compressBlocks` makes. */
  maxBlockBytes?: number;
}

/**
 * Decompresses a stream of Zstandard frames, several at once and in order; one buffer for each frame
 * that has content. It holds at most `window` + 1 frames and their contents, whatever they claim.
 *
 * @throws ArchiveTruncatedError where the stream is empty or ends inside a frame
 * @throws ArchiveLimitError where a frame claims more than `maxBlockBytes`
 * @throws ArchiveDamagedError where it is no Zstandard, is not what a checksum says, or a frame does
 *   not say how large its content is (as `zstd` leaves it out when it reads from a pipe)
 */
export async function* decompressFrames(
  chunks: AsyncIterable<Uint8Array>,
  { window = 2, maxBlockBytes = 16 << 20 }: DecompressOptions = {},
): AsyncGenerator<Buffer, void, void> {
  const reader = new ByteReader(chunks);
  try {
    for await (const content of inOrder(window, framesOf(reader, maxBlockBytes), contentOf))
      if (content.length > 0) yield content;
  } finally {
    await reader.close();
  }
}

async function contentOf({ bytes, contentSize, at, done }: Frame): Promise<Buffer> {
  // A byte more than is needed, or zlib would ask for a second buffer to see that nothing follows.
  const options = { chunkSize: Math.max(contentSize + 1, 64), maxOutputLength: contentSize || 1 };
  const content = await decompress(bytes, options).catch((cause: unknown) => {
    throw new ArchiveDamagedError(`the Zstandard frame at byte ${at} does not decompress`, cause);
  });
  done();
  if (content.length === contentSize) return content;
  throw new ArchiveDamagedError(
    `the Zstandard frame at byte ${at} holds ${content.length} bytes and claims ${contentSize}`,
  );
}
