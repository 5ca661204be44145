import type { IncomingMessage } from 'node:http';
import { factsOf } from './s3-facts.ts';
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
  modified: number;
}

/**
 * The bytes of one version from an offset to its end, never more than up to the size. A connection that breaks is taken up where it
 * broke, as long as something comes.
 */
export async function* continued(reader: S3Reader, begun: BegunRead): AsyncGenerator<Buffer> {
  const { path, size, offset } = begun;
  let [answer, at, failures] = [begun.answer, begun.startsAt, 0];
  try {
    while (at < size) {
      try {
        for await (const chunk of answer as AsyncIterable<Buffer>) {
          const wanted = chunk.subarray(Math.max(0, offset - at), size - at);
          at += chunk.length;
          failures = 0;
          if (wanted.length > 0) yield wanted;
          if (at > size) break;
        }
        if (at < size) throw new ConnectionBrokenError(`${at} of ${size} bytes came`);
      } catch (error) {
        if (++failures === attempts || !isPassing(error)) throw error;
        await reader.pause(failures);
        answer = await readFrom(reader, { ...begun, offset: at });
        requireSame(begun, answer);
      }
    }
  } catch (error) {
    throw readFailure(path, error);
  } finally {
    answer.destroy();
  }
}

/** Where a server names no versions, size and time have to do. */
function requireSame({ path, size, modified }: BegunRead, answer: IncomingMessage): void {
  const facts = factsOf(answer);
  if (facts.size === size && facts.modified === modified) return;
  answer.destroy();
  throw new FileChangedError(path);
}
