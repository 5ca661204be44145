import { DeleteObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { inParallel } from '../../parallel.ts';
import { listObjects } from '../../state/list-objects.ts';
import { putObject, uploadStream } from '../store/s3-upload.ts';
import type { RestoredFile, RestoreTarget } from './target.ts';

/** Small files under way at once: each is mostly waiting. */
const parallel = 32;

export interface S3TargetOptions {
  client: S3Client;
  bucket: string;
  /** Key of a file, from its path in the archive. */
  keyOf: (path: string) => string;
  /** Prefix that has to be empty before, and is emptied when the restore fails. */
  staging?: string;
}

/** A prefix of a bucket. Times and modes are kept as rclone keeps them. */
export function s3Target({ client, bucket, keyOf, staging }: S3TargetOptions): RestoreTarget {
  const underWay = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  const begin = (work: Promise<unknown>): void => {
    const tracked: Promise<void> = work
      .then(
        () => undefined,
        (error: unknown) => {
          failure ??= { error };
        },
      )
      .finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  };
  const throwFailure = (): void => {
    if (failure) throw failure.error;
  };
  return {
    description: `s3://${bucket}/${staging ?? ''}`,
    async isOccupied() {
      if (staging === undefined) return false;
      for await (const { objects } of listObjects(client, { bucket, prefix: staging })) {
        if (objects.length > 0) return true;
      }
      return false;
    },
    async write(file) {
      throwFailure();
      const key = keyOf(file.path);
      const object = { client, bucket, key, metadata: metadataOf(file), replace: !staging };
      if (file.bytes === undefined) {
        await uploadStream(object, file.body);
        return;
      }
      while (underWay.size >= parallel) await Promise.race(underWay);
      // The bytes are a view of what the next read may replace.
      begin(putObject(object, Buffer.from(file.bytes)));
    },
    async flush() {
      await Promise.all(underWay);
      throwFailure();
    },
    finish: () => Promise.resolve(),
    async discard() {
      await Promise.all(underWay);
      if (staging === undefined) return;
      for await (const { objects } of listObjects(client, { bucket, prefix: staging })) {
        await inParallel(parallel, objects, ({ Key }) =>
          client.send(new DeleteObjectCommand({ Bucket: bucket, Key })),
        );
      }
    },
  };
}

/** rclone's names for the time and the mode of a file. */
function metadataOf({ modified, mode }: RestoredFile): Record<string, string> {
  return {
    mtime: (modified / 1_000).toFixed(9).replace(/0+$/, '').replace(/\.$/, ''),
    ...(mode === undefined ? {} : { mode: (0o100000 | mode).toString(8) }),
  };
}
