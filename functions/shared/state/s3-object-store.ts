import {
  DeleteObjectCommand,
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3ServiceException,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ObjectStore, StoredObject, WriteCondition, WriteOutcome } from './object-store.ts';

/**
 * The object store on a bucket. S3 is strongly consistent and evaluates the conditions itself, so
 * two writers never both win.
 */
export function s3ObjectStore(client: S3Client, bucket: string): ObjectStore {
  return {
    async get(key) {
      try {
        return await read(client, bucket, key);
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    async put(key, body, condition) {
      try {
        const answer = await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: body,
            ContentType: key.endsWith('.gz') ? 'application/gzip' : 'application/json',
            ...conditionHeaders(condition),
          }),
        );
        return { written: true, etag: answer.ETag ?? '' } satisfies WriteOutcome;
      } catch (error) {
        if (conditionFailed(error)) return { written: false };
        throw error;
      }
    },
    async delete(key) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
  };
}

async function read(client: S3Client, bucket: string, key: string): Promise<StoredObject> {
  const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const body = (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
  return { body, etag: answer.ETag ?? '' };
}

function conditionHeaders(condition: WriteCondition): { IfNoneMatch?: string; IfMatch?: string } {
  if (condition === undefined) return {};
  return 'ifAbsent' in condition ? { IfNoneMatch: '*' } : { IfMatch: condition.ifMatch };
}

/**
 * 412: the condition does not hold. 409: another conditional write to the key was under way; it
 * may have won. 404 with If-Match: the object is gone.
 */
export function conditionFailed(error: unknown): boolean {
  return (
    error instanceof S3ServiceException &&
    [404, 409, 412].includes(error.$metadata.httpStatusCode ?? 0)
  );
}
