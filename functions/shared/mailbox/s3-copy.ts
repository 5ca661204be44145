import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { inParallel } from '../parallel.ts';

/** A copy inside S3. */
export interface VersionCopy {
  bucket: string;
  /** As `CopySource` wants it: `bucket/key?versionId=…`, encoded. */
  source: string;
  target: string;
  size: number;
}

/** S3 copies at most 5 GiB in one request. */
const largestSingleCopy = 5 * 1024 ** 3;
const partBytes = 1024 ** 3;

/** Copies one version of an object of any size without reading it. Doing it again changes nothing. */
export async function copyVersion(client: S3Client, copy: VersionCopy): Promise<void> {
  if (copy.size > largestSingleCopy) return copyInParts(client, copy);
  await client.send(
    new CopyObjectCommand({
      Bucket: copy.bucket,
      Key: copy.target,
      CopySource: copy.source,
      // The person's tags would need permissions that nothing else does.
      TaggingDirective: 'REPLACE',
    }),
  );
}

async function copyInParts(
  client: S3Client,
  { bucket: Bucket, target: Key, source, size }: VersionCopy,
): Promise<void> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  try {
    const numbers = Array.from({ length: Math.ceil(size / partBytes) }, (_, index) => index + 1);
    const Parts = await inParallel(4, numbers, async (PartNumber) => {
      const first = (PartNumber - 1) * partBytes;
      const last = Math.min(first + partBytes, size) - 1;
      const answer = await client.send(
        new UploadPartCopyCommand({
          Bucket,
          Key,
          UploadId,
          PartNumber,
          CopySource: source,
          CopySourceRange: `bytes=${first}-${last}`,
        }),
      );
      return { PartNumber, ETag: answer.CopyPartResult?.ETag };
    });
    await client.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
    );
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    throw error;
  }
}
