import type { IncomingMessage } from 'node:http';
import { ConnectionBrokenError, isPassing, readFailure } from './s3-failure.ts';
import { attempts, type S3Reader } from './s3-reader.ts';
import { readFrom, type Position } from './s3-versions.ts';
import { FileChangedError, wholeFileLimit } from './source.ts';

/** Collects a small object. @throws FileChangedError where it is not small */
export async function collect(answer: IncomingMessage, path: string): Promise<Buffer> {
  const size = Number(answer.headers['content-length']);
  if (!(size <= wholeFileLimit)) {
    answer.destroy();
    throw new FileChangedError(path);
  }
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => {
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    });
    answer.on('error', reject);
  });
  if (bytes.length !== size)
    throw new ConnectionBrokenError(`${bytes.length} of ${size} bytes came`);
  return bytes;
}

/** An answer that has begun, and what of it is wanted. */
export interface BegunRead extends Position {
  answer: IncomingMessage;
  /** Where the answer begins; what lies before `offset` is dropped. */
  startsAt: number;
  size: number;
}

/**
 * The bytes of one version from an offset to its end. A connection that breaks is taken up where it
 * broke, as long as something comes.
 */
export async function* continued(reader: S3Reader, begun: BegunRead): AsyncGenerator<Buffer> {
  const { path, size, offset } = begun;
  let [answer, at, failures] = [begun.answer, begun.startsAt, 0];
  try {
    while (at < size) {
      try {
        for await (const chunk of answer as AsyncIterable<Buffer>) {
          at += chunk.length;
          failures = 0;
          if (at > offset) yield at - chunk.length < offset ? chunk.subarray(offset - at) : chunk;
        }
        if (at < size) throw new ConnectionBrokenError(`${at} of ${size} bytes came`);
      } catch (error) {
        if (++failures === attempts || !isPassing(error)) throw error;
        await reader.pause(failures);
        answer = await readFrom(reader, { ...begun, offset: at });
      }
    }
  } catch (error) {
    throw readFailure(path, error);
  } finally {
    answer.destroy();
  }
}
