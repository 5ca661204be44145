/** Where parts are gathered; a buffer that has been sent is used again. */
export class PartBuffers {
  readonly size: number;
  readonly #free: Buffer[] = [];

  constructor(size: number) {
    this.size = size;
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.size);
  }

  /** Gives back a part that nobody looks at any more. */
  giveBack(part: Buffer): void {
    this.#free.push(Buffer.from(part.buffer, 0, this.size));
  }
}

/** Cuts a stream into parts of one size; the last may be smaller, and an empty stream has none. */
export async function* inParts(
  bytes: AsyncIterable<Uint8Array>,
  buffers: PartBuffers,
): AsyncGenerator<Buffer, void> {
  let part = buffers.take();
  let filled = 0;
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + buffers.size - filled);
      part.set(piece, filled);
      at += piece.length;
      filled += piece.length;
      if (filled < buffers.size) continue;
      yield part;
      part = buffers.take();
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}
