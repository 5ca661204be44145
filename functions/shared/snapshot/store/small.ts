/** What counts as a small object, in bytes: far more than any manifest has. */
export const smallObjectLimit = 16 * 1024 * 1024;

/**
 * The whole of a small object. One that is larger is not what its name promises, and `undefined`:
 * somebody who can write to the storage must not be able to fill our memory.
 */
export async function readSmallObject(bytes: AsyncIterable<Buffer>): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > smallObjectLimit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
