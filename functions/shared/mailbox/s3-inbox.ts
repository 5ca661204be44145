import { createHash } from 'node:crypto';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3ServiceException,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { dropPrefix, folders, workspacePrefix, type Receipt } from '../contract/index.ts';
import { inParallel } from '../parallel.ts';
import { listObjects } from '../state/list-objects.ts';
import { conditionFailed } from '../state/s3-object-store.ts';
import { freeName, nameKey } from './name-policy.ts';
import {
  failed,
  type Carried,
  type Carrier,
  type Delivering,
  type Inbox,
  type Parcel,
} from './ports.ts';
import { parseReceipt, receiptPath, receiptText } from './receipt.ts';
import type { DropPlace } from './s3-outbox.ts';

/** An agent's workspace in the workspace bucket. */
export interface WorkspacePlace {
  client: S3Client;
  bucket: string;
  agent: string;
}

/** Requests under way at once: enough to hide latency, few enough for a small function. */
const parallel = 8;

/** Metadata that says which drop an object of the inbox is. */
const dropMetadata = 'workspace-sync-drop';

/** Key of a path below an agent's `_inbox`. */
export function inboxKey(agent: string, path: string): string {
  return `${workspacePrefix(agent)}${folders.inbox}/${path}`;
}

/** The inbox of a workspace in S3. */
export function s3Inbox({ client, bucket, agent }: WorkspacePlace): Inbox {
  return {
    async takenNames(wanted) {
      const parents = [...new Set(wanted.map((path) => path.slice(0, path.lastIndexOf('/') + 1)))];
      const names = await inParallel(parallel, parents, (parent) =>
        listFolder(client, bucket, inboxKey(agent, parent), inboxKey(agent, '').length),
      );
      return new Set(names.flat().map(nameKey));
    },
    async receipts(ids) {
      const found = await inParallel(parallel, ids, (id) =>
        readReceipt(client, bucket, inboxKey(agent, receiptPath(id))),
      );
      return new Map(found.flatMap((receipt) => (receipt ? [[receipt.id, receipt] as const] : [])));
    },
    async writeReceipts(receipts) {
      await inParallel(parallel, receipts, (receipt) =>
        client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: inboxKey(agent, receiptPath(receipt.id)),
            Body: receiptText(receipt),
            ContentType: 'application/json',
          }),
        ),
      );
    },
  };
}

/** Names directly below a prefix: files and folders alike, for a file cannot replace a folder. */
async function listFolder(
  client: S3Client,
  bucket: string,
  prefix: string,
  cut: number,
): Promise<string[]> {
  const names: string[] = [];
  for await (const page of listObjects(client, { bucket, prefix, delimiter: '/' })) {
    names.push(...page.objects.map(({ Key }) => Key.slice(cut)));
    names.push(...page.prefixes.map((folder) => folder.slice(cut, -1)));
  }
  return names;
}

async function readReceipt(
  client: S3Client,
  bucket: string,
  key: string,
): Promise<Receipt | undefined> {
  try {
    const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return parseReceipt((await answer.Body?.transformToString()) ?? '');
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}

/**
 * Carries drops from the exchange bucket to the workspace bucket, through memory: read in the very
 * version that was listed, hashed on the way, written only where nothing lies, and whole or not at
 * all, because S3 shows an object when its upload is complete.
 */
export function s3Carrier(from: DropPlace, to: WorkspacePlace): Carrier {
  return {
    async foundInInbox(decisions, taken) {
      const clashing = decisions.filter(({ wanted }) => taken.has(nameKey(wanted)));
      const found = await inParallel(parallel, clashing, (decision) =>
        findOwn(to, decision, taken),
      );
      return found.filter((carried) => carried !== undefined);
    },
    // One drop that cannot be read must not hold up the others.
    carry: (parcels) =>
      inParallel(parallel, parcels, (parcel) =>
        carryOne(from, to, parcel).catch((error: unknown): Carried => failed(parcel, error)),
      ),
  };
}

/** How many files of one name are looked at for being the drop itself. */
const maxCandidates = 20;

/** An object of the inbox says which drop it is, so a copy of our own is known from a stranger's. */
async function findOwn(
  to: WorkspacePlace,
  decision: Delivering,
  taken: ReadonlySet<string>,
): Promise<Extract<Carried, { state: 'carried' }> | undefined> {
  const candidates: string[] = [];
  freeName(decision.wanted, (name) => {
    const isTaken = taken.has(nameKey(name)) && candidates.length < maxCandidates;
    if (isTaken) candidates.push(name);
    return isTaken;
  });
  for (const name of candidates) {
    const target = { Bucket: to.bucket, Key: inboxKey(to.agent, name) };
    const metadata = await metadataOf(to.client, target);
    if (metadata?.[dropMetadata] !== decision.id) continue;
    return {
      state: 'carried',
      parcel: { decision, name },
      sha256: await hashOf(to.client, target),
    };
  }
  return undefined;
}

async function metadataOf(
  client: S3Client,
  target: { Bucket: string; Key: string },
): Promise<Record<string, string> | undefined> {
  try {
    return (await client.send(new HeadObjectCommand(target))).Metadata;
  } catch (error) {
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404)
      return undefined;
    throw error;
  }
}

async function hashOf(client: S3Client, target: { Bucket: string; Key: string }): Promise<string> {
  const answer = await client.send(new GetObjectCommand(target));
  const hash = createHash('sha256');
  for await (const chunk of answer.Body as Readable) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function carryOne(from: DropPlace, to: WorkspacePlace, parcel: Parcel): Promise<Carried> {
  const { drop, id } = parcel.decision;
  const source = await openDrop(from, drop.path, drop.version);
  if (!source) return { state: 'gone', parcel };
  const target = { Bucket: to.bucket, Key: inboxKey(to.agent, parcel.name) };
  const hash = createHash('sha256');
  const upload = new Upload({
    client: to.client,
    params: {
      ...target,
      Body: hashing(source.body, hash, drop.size),
      IfNoneMatch: '*',
      Metadata: { [dropMetadata]: id },
      ...(source.type === undefined ? {} : { ContentType: source.type }),
    },
    queueSize: 3,
    partSize: partSize(drop.size),
  });
  try {
    await upload.done();
    return { state: 'carried', parcel, sha256: hash.digest('hex') };
  } catch (error) {
    source.body.destroy();
    if (!conditionFailed(error)) throw error;
    return { state: 'taken', parcel };
  }
}

async function openDrop(
  { client, bucket, agent }: DropPlace,
  path: string,
  version: string,
): Promise<{ body: Readable; type: string | undefined } | undefined> {
  try {
    const answer = await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: dropPrefix(agent) + path, VersionId: version }),
    );
    return { body: answer.Body as Readable, type: answer.ContentType };
  } catch (error) {
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    if (status === 404 || status === 405) return undefined;
    throw error;
  }
}

/** Passes bytes on, hashes them, and fails unless there are exactly as many as were announced. */
function hashing(body: Readable, hash: ReturnType<typeof createHash>, size: number): Transform {
  let seen = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      done(seen === size ? null : new Error(`read ${seen} bytes of ${size}`));
    },
  });
  // A broken source breaks the upload through the stream itself: the error arrives there.
  pipeline(body, counted).catch(() => undefined);
  return counted;
}

/** S3 takes at most 10,000 parts. */
function partSize(size: number): number {
  return Math.max(8 * 1024 * 1024, Math.ceil(size / 9_000));
}
