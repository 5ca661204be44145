/** A workspace of one file that is made while it is read, so that it can be larger than any disk. */
import { createCipheriv } from 'node:crypto';
import { nothingPassedOver } from '../functions/shared/snapshot/source/passed-over.ts';
import type { Source } from '../functions/shared/snapshot/source/source.ts';

const chunkBytes = 1 << 20;

/** Bytes that do not compress, the same each time. */
export function* randomChunks(bytes: number, seed = 0): Generator<Buffer> {
  const iv = Buffer.alloc(16);
  iv.writeUInt32BE(seed);
  const cipher = createCipheriv('aes-256-ctr', Buffer.alloc(32), iv);
  const zeros = Buffer.alloc(chunkBytes);
  for (let left = bytes; left > 0; left -= chunkBytes) {
    yield cipher.update(zeros.subarray(0, Math.min(left, chunkBytes)));
  }
}

/** One file of pseudo-random bytes. */
export function streamSource(size: number): Source {
  const facts = { size, modified: 0 };
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- it has nothing to wait for
    async *files() {
      yield { path: 'stream.bin', size };
    },
    present: (roots) => Promise.resolve([...roots]),
    readWhole: () => Promise.reject(new Error('The stream is no small file.')),
    open: () =>
      Promise.resolve({ ...facts, body: chunks(size), changed: () => Promise.resolve(false) }),
    passedOver: nothingPassedOver(),
    unreadable: nothingPassedOver(),
    close: () => Promise.resolve(),
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- an asynchronous view of them
async function* chunks(size: number): AsyncGenerator<Buffer> {
  yield* randomChunks(size);
}
