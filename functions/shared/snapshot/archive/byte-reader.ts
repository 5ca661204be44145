const nothing: Buffer = Buffer.alloc(0);

/**
 * Reads a stream of chunks of any size by numbers of bytes. What lies inside one chunk is handed
 * out as a view of it, not as a copy.
 */
export class ByteReader {
  /** Bytes that were taken so far. */
  position = 0;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk = nothing;
  #at = 0;
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next bytes if they are here already: the way that costs no turn of the event loop. */
  takeNow(length: number): Buffer | undefined {
    const end = this.#at + length;
    if (end > this.#chunk.length) return undefined;
    const bytes = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    this.position += length;
    return bytes;
  }

  /** The next bytes; fewer only where the stream ends. */
  async take(length: number): Promise<Buffer> {
    await this.#fill();
    const whole = this.takeNow(length);
    if (whole !== undefined) return whole;
    const pieces: Buffer[] = [];
    for (let missing = length; missing > 0;) {
      const piece = await this.takeSome(missing);
      if (piece.length === 0) break;
      pieces.push(piece);
      missing -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  /** Some of the next bytes, as they come; none only where the stream ends. */
  async takeSome(most: number): Promise<Buffer> {
    await this.#fill();
    return this.takeNow(Math.min(most, this.#chunk.length - this.#at)) ?? nothing;
  }

  /** Passes over bytes; says how many there were, fewer only where the stream ends. */
  async skip(length: number): Promise<number> {
    let skipped = 0;
    while (skipped < length) {
      const piece = await this.takeSome(length - skipped);
      if (piece.length === 0) break;
      skipped += piece.length;
    }
    return skipped;
  }

  /** Lets go of the stream, read to its end or not. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#chunks.return?.();
  }

  async #fill(): Promise<void> {
    while (this.#at === this.#chunk.length && !this.#ended) {
      const next = await this.#next();
      this.#chunk = next;
      this.#at = 0;
    }
  }

  async #next(): Promise<Buffer> {
    try {
      const next = await this.#chunks.next();
      if (next.done !== true) return asBuffer(next.value);
    } catch (error) {
      this.#ended = true;
      throw error;
    }
    this.#ended = true;
    return nothing;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
