import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';

/** Where the objects of a bucket are asked for, and for which region requests are signed. */
export interface BucketAddress {
  secure: boolean;
  hostname: string;
  port: number | undefined;
  /** What stands before a key in the path, such as `/` or `/bucket/`. */
  basePath: string;
  region: string;
}

/** The part of a request of the SDK that tells where it goes. */
interface OutgoingRequest {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  headers: Record<string, string>;
}

const key = 'k';

/**
 * Finds out where the SDK would send a GET, from a request that it prepares and signs and that is
 * then not sent: regions, partitions, custom endpoints, access points and names of buckets are its
 * knowledge.
 */
export function bucketAddress(client: S3Client, bucket: string): Promise<BucketAddress> {
  return prepare(client, bucket, false);
}

/** Where a bucket has moved to: the SDK asks S3, and follows it where the client's options let it. */
export function redirectedAddress(client: S3Client, bucket: string): Promise<BucketAddress> {
  return prepare(client, bucket, true);
}

async function prepare(client: S3Client, bucket: string, send: boolean): Promise<BucketAddress> {
  let prepared: OutgoingRequest | undefined;
  const command = new GetObjectCommand({ Bucket: bucket, Key: key, Range: 'bytes=0-0' });
  command.middlewareStack.add(
    (next) => (args) => {
      prepared = args.request as OutgoingRequest;
      if (send) return next(args);
      return Promise.resolve({ output: { $metadata: {} }, response: undefined });
    },
    // The last step before the request goes out, when it has been signed.
    { name: 'keepPreparedRequest', step: 'finalizeRequest', priority: 'low' },
  );
  try {
    await client.send(command);
  } catch (error) {
    // There is no such object, most likely; but S3 was asked, and where is all that matters.
    if (!send || !prepared) throw error;
  }
  if (!prepared) throw new Error('The AWS SDK prepared no request.');
  return addressOf(prepared);
}

function addressOf({ protocol, hostname, port, path, headers }: OutgoingRequest): BucketAddress {
  const [, region = ''] =
    /Credential=[^,]*\/([^/,]+)\/s3\/aws4_request/.exec(headers['authorization'] ?? '') ?? [];
  return {
    secure: protocol === 'https:',
    hostname,
    port,
    basePath: path.slice(0, -key.length),
    region,
  };
}
