import { randomUUID } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3ServiceException,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3';
import { messageOf } from '../../errors.ts';
import { conditionFailed } from '../../state/s3-object-store.ts';
import type { Log } from '../../telemetry.ts';
import { inParts, PartBuffers } from './parts.ts';

/** An object that is to be made. */
export interface S3Target {
  client: S3Client;
  bucket: string;
  key: string;
  /** Kept with the object. */
  metadata?: Record<string, string>;
  /** Writes over what is there; only a restore that was told to may do that. */
  replace?: boolean;
  log?: Log | undefined;
}

/** Larger parts cost memory and gain no time; S3 takes ten thousand of them, 83 GB. */
const partSize = 8 * 1024 * 1024;

/** Parts under way at once. */
const inFlight = 4;

/**
 * Uploads a stream, unless the name is taken when it ends. Every part bears a CRC-32 that S3 checks.
 * Where anything fails the upload is aborted, so that nothing of it stays, and the first error thrown.
 * @returns whether it was written; `false` where the name is taken.
 */
export async function uploadStream(
  target: S3Target,
  bytes: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const buffers = new PartBuffers(partSize);
  const parts = inParts(bytes, buffers);
  try {
    const first = await parts.next();
    if (first.done) return await putObject(target, new Uint8Array());
    const second = await parts.next();
    if (second.done) return await putObject(target, first.value);
    return await uploadParts(target, chain([first.value, second.value], parts), buffers);
  } finally {
    await parts.return();
  }
}

async function* chain(first: Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* first;
  yield* rest;
}

/** Writes an object in one request, unless the name is taken; says whether it did. */
export async function putObject(target: S3Target, body: Uint8Array): Promise<boolean> {
  const { client, bucket, key } = target;
  const writer = randomUUID();
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: body,
    ...conditionOf(target),
    ChecksumAlgorithm: 'CRC32',
    Metadata: { ...target.metadata, writer },
  });
  command.middlewareStack.add(unhashed, beforeSigning);
  return unlessTaken(target, writer, () => client.send(command));
}

function conditionOf({ replace = false }: S3Target): { IfNoneMatch?: string } {
  return replace ? {} : { IfNoneMatch: '*' };
}

async function uploadParts(
  target: S3Target,
  parts: AsyncIterable<Buffer>,
  buffers: PartBuffers,
): Promise<boolean> {
  const { client, bucket, key } = target;
  const writer = randomUUID();
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({
      Bucket: bucket,
      Key: key,
      ChecksumAlgorithm: 'CRC32',
      Metadata: { ...target.metadata, writer },
    }),
  );
  const upload = { Bucket: bucket, Key: key, UploadId };
  try {
    const sent = await sendParts(client, upload, parts, buffers);
    const complete = new CompleteMultipartUploadCommand({
      ...upload,
      ...conditionOf(target),
      MultipartUpload: { Parts: sent },
    });
    const written = await unlessTaken(target, writer, () => client.send(complete));
    if (!written) await abort(target, upload);
    return written;
  } catch (error) {
    await abort(target, upload);
    throw error;
  }
}

type Upload = ConstructorParameters<typeof AbortMultipartUploadCommand>[0];

/** Sends parts as they come. When one fails the others are given up, and none is left under way. */
async function sendParts(
  client: S3Client,
  upload: Upload,
  parts: AsyncIterable<Buffer>,
  buffers: PartBuffers,
): Promise<CompletedPart[]> {
  const sent: CompletedPart[] = [];
  const flights = new Set<Promise<void>>();
  const giveUp = new AbortController();
  const send = async (PartNumber: number, body: Buffer): Promise<void> => {
    const command = new UploadPartCommand({
      ...upload,
      PartNumber,
      Body: body,
      ChecksumAlgorithm: 'CRC32',
    });
    command.middlewareStack.add(unhashed, beforeSigning);
    const { ETag, ChecksumCRC32 } = await client.send(command, { abortSignal: giveUp.signal });
    sent[PartNumber - 1] = { PartNumber, ETag, ChecksumCRC32 };
    buffers.giveBack(body);
  };
  try {
    let number = 0;
    for await (const part of parts) {
      const flight = send(++number, part);
      flights.add(flight);
      flight.then(
        () => flights.delete(flight),
        () => undefined,
      );
      // A flight that has failed stays, and is thrown here.
      if (flights.size >= inFlight) await Promise.race(flights);
    }
    await Promise.all(flights);
    return sent;
  } catch (error) {
    giveUp.abort();
    await Promise.allSettled(flights);
    throw error;
  }
}

/** A part that nobody aborts is paid for until the bucket's lifecycle rule finds it. */
async function abort({ client, log }: S3Target, upload: Upload): Promise<void> {
  try {
    await client.send(new AbortMultipartUploadCommand(upload));
  } catch (error) {
    // Thrown, it would hide what went wrong first.
    log?.warn('an upload could not be aborted', {
      key: upload.Key,
      reason: messageOf(error),
    });
  }
}

/**
 * Does a conditional write. Where its answer was lost, the next attempt finds the name taken, or the
 * upload gone, by nobody but ourselves: the object says who wrote it.
 */
async function unlessTaken(
  target: S3Target,
  writer: string,
  write: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (!mayHaveBeenDone(error)) throw error;
    const found = await writerOf(target).catch(() => undefined);
    if (found) return found.writer === writer;
    // A role that may not look has to take the storage's word.
    if (isTaken(error)) return false;
    throw error;
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412;
}

/** Besides refused conditions: an answer that never came, or a server's that says nothing. */
function mayHaveBeenDone(error: unknown): boolean {
  if (conditionFailed(error)) return true;
  return !(error instanceof S3ServiceException) || error.$fault === 'server';
}

/** Who wrote the object that is there; `undefined` where there is none. */
async function writerOf({
  client,
  bucket,
  key,
}: S3Target): Promise<{ writer: string | undefined }> {
  const { Metadata } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
  return { writer: Metadata?.['writer'] };
}

/** Where {@link unhashed} stands in the order of things. */
const beforeSigning = { step: 'build', name: 'unhashed' } as const;

/**
 * Lets a request be signed without a SHA-256 of its body, which would cost more than all the rest.
 * The CRC-32 of the body is among the headers that are signed.
 */
function unhashed<Args extends { request: unknown }, Result>(
  next: (args: Args) => Promise<Result>,
): (args: Args) => Promise<Result> {
  return (args) => {
    const { headers } = args.request as { headers: Record<string, string> };
    headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
    return next(args);
  };
}
