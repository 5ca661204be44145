import { DeleteObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { inParallel } from '../../parallel.ts';
import { listObjects } from '../../state/list-objects.ts';
import type { Log } from '../../telemetry.ts';
import { ObjectExistsError, ObjectMissingError } from './errors.ts';
import { putObject, uploadStream } from './s3-upload.ts';
import { readObject, type S3Origin } from './s3-read.ts';
import { readSmallObject } from './small.ts';
import type { Removal, SnapshotStore } from './store.ts';

export interface S3StoreOptions {
  /** Not closed with the store: it may serve others. */
  client: S3Client;
  bucket: string;
  /** What the names stand behind: `''`, or a folder with or without the slash at its end. */
  prefix: string;
  /** What it is, for people. */
  description: string;
  /** Where an upload that could not be aborted is noted. */
  log?: Log;
}

/** Small objects that are read at once. */
const reads = 16;

/** Deletions at once. */
const deletions = 8;

/**
 * A prefix of a bucket. Nothing that exists is ever overwritten: every write bears the condition that
 * its name is free, which S3 checks at the moment of writing.
 */
export function s3Store({
  client,
  bucket,
  prefix,
  description,
  log,
}: S3StoreOptions): SnapshotStore {
  const base = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  const keyed = (name: string) => ({ client, bucket, key: base + name, log });
  const origin = (name: string): S3Origin => ({ ...keyed(name), name, where: description });

  return {
    description,
    async list() {
      const objects = [];
      for await (const page of listObjects(client, { bucket, prefix: base, delimiter: '/' })) {
        objects.push(...page.objects);
      }
      return objects
        .map(({ Key, Size = 0, LastModified }) => ({
          name: Key.slice(base.length),
          size: Size,
          modified: LastModified?.getTime() ?? 0,
        }))
        .filter(({ name }) => name !== '');
    },
    read: (name, range) => readObject(origin(name), range),
    async readSmall(names) {
      const found = await inParallel(reads, names, async (name) => {
        const bytes = await readSmallObject(readObject(origin(name))).catch(ignoreMissing);
        return bytes ? [[name, bytes] as const] : [];
      });
      return new Map(found.flat());
    },
    async write(name, bytes) {
      if (!(await uploadStream(keyed(name), bytes))) throw new ObjectExistsError(name, description);
    },
    create: (name, bytes) => putObject(keyed(name), bytes),
    async remove(names) {
      const removals = await inParallel(
        deletions,
        names,
        async (name) => [name, await removeObject(client, bucket, base + name)] as const,
      );
      return new Map(removals);
    },
    close: () => Promise.resolve(),
  };
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof ObjectMissingError)) throw error;
}

async function removeObject(client: S3Client, bucket: string, key: string): Promise<Removal> {
  try {
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    return 'removed';
  } catch (error) {
    return { failed: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}
