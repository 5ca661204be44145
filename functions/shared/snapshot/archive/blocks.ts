/** Things that are used again and again instead of being left to the collector. */
export class Pool<T> {
  readonly #free: T[] = [];
  readonly #make: () => T;

  constructor(make: () => T) {
    this.#make = make;
  }

  take(): T {
    return this.#free.pop() ?? this.#make();
  }

  /** Only once nobody uses it any more. */
  giveBack(thing: T): void {
    this.#free.push(thing);
  }

  /** What was given back and not taken again. */
  get idle(): readonly T[] {
    return this.#free;
  }
}

/** A buffer and how much of it is filled. */
export interface Block {
  buffer: Buffer;
  length: number;
}

/**
 * Cuts a stream into blocks, full ones except the last; a stream of nothing is one empty block.
 * Who is done with a block gives its buffer back to the pool.
 */
export async function* blocksOf(
  chunks: AsyncIterable<Uint8Array>,
  buffers: Pool<Buffer>,
): AsyncGenerator<Block, void, void> {
  let block: Block = { buffer: buffers.take(), length: 0 };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      if (block.length === block.buffer.length) {
        yield block;
        block = { buffer: buffers.take(), length: 0 };
      }
      const part = chunk.subarray(at, at + block.buffer.length - block.length);
      block.buffer.set(part, block.length);
      block.length += part.length;
      at += part.length;
    }
  }
  yield block;
}
