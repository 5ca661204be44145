import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ArchiveDamagedError, ArchiveLimitError, ArchiveTruncatedError } from './errors.ts';

/** How much gzip data may become. */
export interface GunzipOptions {
  /** Bytes of content that are allowed; without it there is no limit. */
  maxBytes?: number;
}

const chunkSize = 256 << 10;

/**
 * Decompresses a stream of gzip, of one member or several. Each member's checksum and length are
 * checked. Zeros may follow the last, as tapes leave them.
 *
 * @throws ArchiveTruncatedError where the stream is empty or ends inside a member
 * @throws ArchiveDamagedError where it is no gzip or does not match a checksum
 * @throws ArchiveLimitError
 */
export async function* gunzip(
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes = Infinity }: GunzipOptions = {},
): AsyncGenerator<Buffer, void, void> {
  const decoder = createGunzip({ chunkSize });
  const feeding = pipeline(Readable.from(chunks), decoder);
  // What it has to say comes out of the decoder too.
  feeding.catch(() => undefined);
  let size = 0;
  try {
    for await (const content of decoder as AsyncIterable<Buffer>) {
      size += content.length;
      if (size > maxBytes)
        throw new ArchiveLimitError(`its gzip data holds over ${maxBytes} bytes`);
      yield content;
    }
  } catch (error) {
    throw translated(error);
  } finally {
    decoder.destroy();
    await feeding.catch(() => undefined);
  }
}

function translated(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'Z_BUF_ERROR')
    return new ArchiveTruncatedError('its gzip data breaks off', error);
  if (error.code === 'Z_DATA_ERROR')
    return new ArchiveDamagedError('its gzip data does not decompress', error);
  return error;
}
