import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { keyDecoder } from '../mailbox/s3-outbox.ts';
import type { Listing, ListedFile } from '../rclone/listing.ts';

/**
 * Lists a prefix: one request for each thousand objects and no other. The tag of an object changes
 * with its content, so nothing else has to be asked for.
 */
export async function listPrefix(
  client: S3Client,
  bucket: string,
  prefix: string,
): Promise<Listing> {
  const files: ListedFile[] = [];
  const folders = new Set<string>();
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        EncodingType: 'url',
        ContinuationToken: token,
      }),
    );
    const decode = keyDecoder(page.EncodingType);
    for (const { Key = '', Size = 0, ETag, LastModified } of page.Contents ?? []) {
      const path = decode(Key).slice(prefix.length);
      if (path === '') continue;
      if (path.endsWith('/') && Size === 0) {
        folders.add(path.slice(0, -1));
        continue;
      }
      files.push({
        path,
        size: Size,
        modified: LastModified?.toISOString() ?? '',
        ...(ETag === undefined ? {} : { hash: ETag }),
      });
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return { files, folders: [...folders] };
}
