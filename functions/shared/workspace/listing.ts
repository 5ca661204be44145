import type { S3Client } from '@aws-sdk/client-s3';
import type { Listing, ListedFile } from '../rclone/listing.ts';
import { isReachable, pathOfKey } from '../rclone/names.ts';
import { listObjects } from '../state/list-objects.ts';

/**
 * Lists a prefix: one request for each thousand objects and no other. The tag of an object changes
 * with its content, so nothing else has to be asked for. Names are as rclone writes them.
 */
export async function listPrefix(
  client: S3Client,
  bucket: string,
  prefix: string,
): Promise<Listing> {
  const files: ListedFile[] = [];
  const folders: string[] = [];
  for await (const { objects } of listObjects(client, { bucket, prefix })) {
    for (const { Key, Size = 0, ETag, LastModified } of objects) {
      const key = Key.slice(prefix.length);
      const path = pathOfKey(key);
      if (path === '') continue;
      if (path.endsWith('/') && Size === 0) {
        folders.push(path.slice(0, -1));
        continue;
      }
      files.push({
        path,
        size: Size,
        modified: LastModified?.toISOString() ?? '',
        ...(ETag === undefined ? {} : { hash: ETag }),
        ...(isReachable(key) ? {} : { unreachable: true }),
      });
    }
  }
  return { files, folders };
}
