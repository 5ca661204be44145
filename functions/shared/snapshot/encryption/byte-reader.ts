import { Readable } from 'node:stream';
import { asBuffer } from './message-format.ts';

/** Chunks of any size, read in pieces of the sizes that the reader asks for. */
export class ByteReader {
  readonly #origin: AsyncIterable<Uint8Array>;
  readonly #source: AsyncIterator<Uint8Array, unknown>;
  #held: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#origin = source;
    this.#source = source[Symbol.asyncIterator]();
  }

  /**
   * The next bytes, fewer only at the end. A piece that lies within one chunk is a view of it;
   * others are copied once, so that a thousand small chunks cost no more than a large one.
   */
  async take(length: number): Promise<Buffer> {
    if (this.#held.length === 0) await this.#pull();
    if (this.#held.length >= length) return this.#cut(length);
    return this.#fill(Buffer.allocUnsafe(length));
  }

  /** The same, gathered in memory that the caller has: valid until that is used again. */
  async takeInto(room: Buffer): Promise<Buffer> {
    if (this.#held.length === 0) await this.#pull();
    return this.#held.length >= room.length ? this.#cut(room.length) : this.#fill(room);
  }

  /** The same, uncopied: in as many pieces as the chunks that they lie in. */
  async takePieces(length: number): Promise<Buffer[]> {
    const pieces: Buffer[] = [];
    for (let missing = length; missing > 0;) {
      if (this.#held.length === 0 && !(await this.#pull())) break;
      const piece = this.#cut(Math.min(missing, this.#held.length));
      pieces.push(piece);
      missing -= piece.length;
    }
    return pieces;
  }

  /** Gives bytes back, to be taken again. */
  putBack(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([bytes, this.#held]);
  }

  /** Whether nothing is left. */
  async atEnd(): Promise<boolean> {
    return this.#held.length === 0 && !(await this.#pull());
  }

  /** Tells the source that no more will be read. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#source.return?.();
    // The iterator of a stream passes this on only once it has been asked for something.
    if (this.#origin instanceof Readable) this.#origin.destroy();
  }

  async #fill(room: Buffer): Promise<Buffer> {
    let filled = 0;
    while (filled < room.length && (this.#held.length > 0 || (await this.#pull()))) {
      const part = this.#cut(Math.min(room.length - filled, this.#held.length));
      filled += part.copy(room, filled);
    }
    return room.subarray(0, filled);
  }

  #cut(length: number): Buffer {
    const piece = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return piece;
  }

  /** The next chunk with something in it; false at the end. */
  async #pull(): Promise<boolean> {
    while (!this.#ended) {
      const next = await this.#next();
      if (next.done === true) this.#ended = true;
      else if (next.value.length > 0) {
        this.#held = asBuffer(next.value);
        return true;
      }
    }
    return false;
  }

  /** A source that has failed is not asked to close. */
  async #next(): Promise<IteratorResult<Uint8Array, unknown>> {
    try {
      return await this.#source.next();
    } catch (error) {
      this.#ended = true;
      throw error;
    }
  }
}

/** Everything that an iterable gives, as one buffer. */
export async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Bytes at hand, as an iterable of one chunk. */
// eslint-disable-next-line @typescript-eslint/require-await
export async function* chunkOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
