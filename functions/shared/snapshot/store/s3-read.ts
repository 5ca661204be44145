import {
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  NotFound,
  S3ServiceException,
  type GetObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { systemClock, type Clock } from '../../clock.ts';
import { ObjectIncompleteError, ObjectMissingError } from './errors.ts';
import type { ByteRange } from './store.ts';

/** An object that is to be read. */
export interface S3Origin {
  client: S3Client;
  bucket: string;
  key: string;
  /** How errors name it. */
  name: string;
  where: string;
  clock?: Clock;
}

/** How often a body that breaks off is taken up again. */
const retries = 5;

/** The wait before the first retry; each next one is twice as long. */
const retryDelayMs = 100;

/**
 * The bytes of an object, or of a part of it. A body that breaks off is taken up again where it was,
 * as long as it is still the same object.
 * @throws ObjectMissingError, ObjectIncompleteError, or what the storage says.
 */
export async function* readObject(origin: S3Origin, range?: ByteRange): AsyncGenerator<Buffer> {
  if (range?.length === 0) {
    await requireObject(origin);
    return;
  }
  const start = range?.offset ?? 0;
  const first = await open(origin, range && rangeOf(start, range.length));
  if (!first) return;
  const expected = first.ContentLength ?? 0;
  let actual = 0;
  let answer: GetObjectCommandOutput = first;
  for (let attempt = 0; ; attempt++) {
    try {
      for await (const chunk of answer.Body as AsyncIterable<Buffer>) {
        actual += chunk.length;
        yield chunk;
      }
      if (actual === expected) return;
      throw new ObjectIncompleteError(origin.name, origin.where, { expected, actual });
    } catch (error) {
      if (actual >= expected || attempt === retries) throw error;
    }
    await (origin.clock ?? systemClock).sleep(retryDelayMs * 2 ** attempt);
    const rest = rangeOf(start + actual, expected - actual);
    answer = (await open(origin, rest, first.ETag)) ?? first;
  }
}

function rangeOf(offset: number, length: number): string {
  return `bytes=${offset}-${offset + length - 1}`;
}

/** `undefined` where the range begins behind the end. */
async function open(
  { client, bucket, key, name, where }: S3Origin,
  range?: string,
  etag?: string,
): Promise<GetObjectCommandOutput | undefined> {
  try {
    return await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, Range: range, IfMatch: etag }),
    );
  } catch (error) {
    if (error instanceof NoSuchKey) throw new ObjectMissingError(name, where);
    if (etag === undefined && statusOf(error) === 416) return undefined;
    throw error;
  }
}

async function requireObject({ client, bucket, key, name, where }: S3Origin): Promise<void> {
  try {
    await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
  } catch (error) {
    if (error instanceof NotFound) throw new ObjectMissingError(name, where);
    throw error;
  }
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
