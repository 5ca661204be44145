import { Pool } from './blocks.ts';
import type { ByteReader } from './byte-reader.ts';
import { ArchiveDamagedError, ArchiveLimitError, ArchiveTruncatedError } from './errors.ts';

/** One whole frame of Zstandard, compressed. */
export interface Frame {
  bytes: Buffer;
  /** Bytes of content, as the frame's header claims. */
  contentSize: number;
  /** Where it begins, for messages. */
  at: number;
  /** Lets the memory of `bytes` be used again, for a later frame. */
  done: () => void;
}

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const rleBlock = 1;
const reservedBlock = 3;
/** RFC 8878: no block, compressed or not, is larger. */
const largestBlock = 128 << 10;

/**
 * Cuts a stream of Zstandard into its frames by their headers and those of their blocks (RFC 8878,
 * 3.1), without decompressing. Skippable frames are passed over. A frame must say how large its
 * content is, at most `maxContent`, so that one call with so much room decompresses it.
 *
 * @throws ArchiveDamagedError, ArchiveTruncatedError, ArchiveLimitError
 */
export async function* framesOf(
  reader: ByteReader,
  maxContent: number,
): AsyncGenerator<Frame, void, void> {
  const buffers = new Pool(() => new GrowingBuffer());
  for (;;) {
    const at = reader.position;
    const magic = await reader.take(4);
    if (magic.length === 0 && at > 0) return;
    if (magic.length < 4) throw truncated(at);
    const number = magic.readUInt32LE();
    if (number === frameMagic) yield await readFrame(reader, magic, { at, maxContent, buffers });
    else if ((number & 0xfffffff0) >>> 0 === skippableMagic) await skipFrame(reader, at);
    else throw new ArchiveDamagedError(`no Zstandard frame begins at byte ${at}`);
  }
}

async function skipFrame(reader: ByteReader, at: number): Promise<void> {
  const size = (await exactly(reader, 4, at)).readUInt32LE();
  if ((await reader.skip(size)) < size) throw truncated(at);
}

async function readFrame(
  reader: ByteReader,
  magic: Buffer,
  { at, maxContent, buffers }: { at: number; maxContent: number; buffers: Pool<GrowingBuffer> },
): Promise<Frame> {
  const descriptor = await exactly(reader, 1, at);
  const shape = frameShape(descriptor.readUInt8(), at);
  const rest = await exactly(reader, shape.windowBytes + shape.sizeBytes, at);
  const contentSize = contentSizeOf(rest.subarray(shape.windowBytes));
  if (contentSize > maxContent)
    throw new ArchiveLimitError(
      `the Zstandard frame at byte ${at} claims ${contentSize} bytes of at most ${maxContent}`,
    );
  // Of many blocks without content a frame of any length could be made.
  const bytes = buffers.take();
  bytes.begin(contentSize + (contentSize >> 3) + (64 << 10), at);
  for (const piece of [magic, descriptor, rest]) bytes.add(piece);
  while (!(await readBlock(reader, bytes, at)));
  if (shape.checksum) bytes.add(await exactly(reader, 4, at));
  const done = (): void => {
    buffers.giveBack(bytes);
  };
  return { bytes: bytes.filled, contentSize, at, done };
}

interface FrameShape {
  windowBytes: number;
  sizeBytes: number;
  checksum: boolean;
}

function frameShape(descriptor: number, at: number): FrameShape {
  const single = (descriptor & 0x20) !== 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  if ((descriptor & 0x08) !== 0)
    throw new ArchiveDamagedError(`the Zstandard frame at byte ${at} sets a reserved bit`);
  if ((descriptor & 0x03) !== 0)
    throw new ArchiveDamagedError(`the Zstandard frame at byte ${at} asks for a dictionary`);
  if (sizeBytes === 0)
    throw new ArchiveDamagedError(
      `the Zstandard frame at byte ${at} does not say how large its content is`,
    );
  return { windowBytes: single ? 0 : 1, sizeBytes, checksum: (descriptor & 0x04) !== 0 };
}

function contentSizeOf(field: Buffer): number {
  if (field.length === 8) return Number(field.readBigUInt64LE());
  return field.readUIntLE(0, field.length) + (field.length === 2 ? 256 : 0);
}

/** Takes in one block; says whether it is the frame's last. */
async function readBlock(reader: ByteReader, bytes: GrowingBuffer, at: number): Promise<boolean> {
  const header = reader.takeNow(3) ?? (await exactly(reader, 3, at));
  const number = header.readUIntLE(0, 3);
  const type = (number >> 1) & 3;
  const size = number >> 3;
  if (type === reservedBlock || size > largestBlock)
    throw new ArchiveDamagedError(`the Zstandard frame at byte ${at} has a block of no known form`);
  const stored = type === rleBlock ? 1 : size;
  bytes.add(header);
  bytes.add(reader.takeNow(stored) ?? (await exactly(reader, stored, at)));
  return (number & 1) === 1;
}

async function exactly(reader: ByteReader, length: number, at: number): Promise<Buffer> {
  const bytes = await reader.take(length);
  if (bytes.length < length) throw truncated(at);
  return bytes;
}

function truncated(at: number): ArchiveTruncatedError {
  return new ArchiveTruncatedError(
    at === 0 ? 'it holds no whole Zstandard frame' : `the Zstandard frame at byte ${at} breaks off`,
  );
}

/** Gathers the pieces of a frame in one buffer that grows with what has come, not with claims. */
class GrowingBuffer {
  #buffer = Buffer.allocUnsafeSlow(64 << 10);
  #length = 0;
  #most = 0;
  #at = 0;

  /** Empties it, for a frame of at most so many bytes that begins at `at`. */
  begin(most: number, at: number): void {
    this.#length = 0;
    this.#most = most;
    this.#at = at;
  }

  get filled(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#most)
      throw new ArchiveDamagedError(
        `the Zstandard frame at byte ${this.#at} is longer than its content can make it`,
      );
    if (length > this.#buffer.length) this.#grow(length);
    this.#buffer.set(piece, this.#length);
    this.#length = length;
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#buffer.length));
    larger.set(this.filled);
    this.#buffer = larger;
  }
}
