import { ListObjectsV2Command, type S3Client, type _Object } from '@aws-sdk/client-s3';

/** What is listed: everything below a prefix, or with a delimiter only what is directly below it. */
export interface ListRequest {
  bucket: string;
  prefix?: string;
  delimiter?: '/';
  /** Only keys greater than this. */
  startAfter?: string;
  /** Objects and prefixes of a page, at most and by default a thousand. */
  pageSize?: number;
}

/** One page: up to a thousand objects and common prefixes, their keys as they are. */
export interface ListedPage {
  objects: (_Object & { Key: string })[];
  prefixes: string[];
}

/** Lists page by page, one request each. */
export async function* listObjects(
  client: S3Client,
  { bucket, prefix, delimiter, startAfter, pageSize }: ListRequest,
): AsyncGenerator<ListedPage> {
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        Delimiter: delimiter,
        EncodingType: 'url',
        StartAfter: startAfter,
        MaxKeys: pageSize,
        ContinuationToken: token,
      }),
    );
    const decode = keyDecoder(page.EncodingType);
    yield {
      objects: (page.Contents ?? []).map((object) => ({
        ...object,
        Key: decode(object.Key ?? ''),
      })),
      prefixes: (page.CommonPrefixes ?? []).map(({ Prefix = '' }) => decode(Prefix)),
    };
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

/**
 * Keys may hold characters that XML cannot, so they are asked for in URL encoding. S3 says in its
 * answer whether it has encoded them; not every implementation does.
 */
export function keyDecoder(encoding: string | undefined): (key: string) => string {
  return encoding === 'url' ? (key) => decodeURIComponent(key.replaceAll('+', ' ')) : (key) => key;
}
