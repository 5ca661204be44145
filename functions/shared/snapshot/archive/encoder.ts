import { constants, createZstdCompress, type ZstdOptions } from 'node:zlib';

/** A frame comes in pieces of at most this size, so that little is held beside the blocks. */
const pieceBytes = 1 << 20;

/**
 * A compressor of Zstandard that makes frame after frame on the thread pool, each of one block, which
 * its header says the size of. Its memory is taken once; `zstdCompress` would take and give back
 * megabytes for every block.
 */
export class FrameEncoder {
  readonly #stream: ReturnType<typeof createZstdCompress>;
  readonly #failed: Promise<never>;
  #pieces: Buffer[] = [];

  constructor(params: NonNullable<ZstdOptions['params']>) {
    const options = { params, chunkSize: pieceBytes, flush: constants.ZSTD_e_end };
    this.#stream = createZstdCompress(options);
    this.#stream.on('data', (piece: Buffer) => this.#pieces.push(piece));
    this.#failed = new Promise((_, reject) => this.#stream.once('error', reject));
    this.#failed.catch(() => undefined);
  }

  /** The frame of a block, in pieces. One at a time; the block is not read any more on return. */
  async encode(block: Uint8Array): Promise<Buffer[]> {
    const written = new Promise<void>((resolve) => {
      this.#stream.write(block, () => {
        resolve();
      });
    });
    await Promise.race([written, this.#failed]);
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  /** Gives its memory back; only when no frame is under way. */
  close(): void {
    this.#stream.destroy();
  }
}
