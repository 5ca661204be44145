import type { S3Client } from '@aws-sdk/client-s3';
import { systemClock, type Clock } from '../../clock.ts';
import { inParallel } from '../../parallel.ts';
import { listObjects, type ListedPage, type ListRequest } from '../../state/list-objects.ts';
import { oneAhead } from './ahead.ts';
import { compareBytes } from './byte-order.ts';
import { GoneCheck } from './gone.ts';
import { nothingPassedOver, passOver } from './passed-over.ts';
import { isFolderRoot, mergeRoots, reachesBeyond } from './roots.ts';
import { collect, continued } from './s3-body.ts';
import { factsOf } from './s3-facts.ts';
import { readFailure } from './s3-failure.ts';
import { S3Reader } from './s3-reader.ts';
import { readFrom } from './s3-versions.ts';
import {
  SourceUnavailableError,
  type OpenFile,
  type PassedOver,
  type Source,
  type SourceEntry,
  type WholeFile,
} from './source.ts';

/** Where a workspace lies in S3, and how it is read. */
export interface S3SourceOptions {
  /** Lists; its credentials, region and endpoint serve for reading too. It is not closed. */
  client: S3Client;
  bucket: string;
  /** What stands before every path: empty, or with a `/` at its end. */
  prefix: string;
  /** Connections for reading; as many files are read at once. */
  maxSockets?: number;
  /** Milliseconds without a byte, after which a connection counts as broken. */
  idleTimeout?: number;
  clock?: Clock;
}

/** Listings under way at once while roots are looked for. */
const parallelLists = 8;

/**
 * A prefix of a bucket. Files are single requests, so that one is always of one version; markers of
 * folders are no files, and what has a marker's name and content is unreadable: no folder could hold
 * it beside the folder of that name. Needs `s3:ListBucket` and `s3:GetObject`, and `s3:GetObjectVersion` to finish
 * a file that is replaced while a broken connection to it is taken up again.
 */
export function s3Source(options: S3SourceOptions): Source {
  const { maxSockets = 128, idleTimeout = 30_000, clock = systemClock } = options;
  const place = { ...options, unreadable: nothingPassedOver() };
  const reader = new S3Reader({ ...options, maxSockets, idleTimeout, clock });
  const keyOf = ({ path }: SourceEntry): string => options.prefix + path;
  const gone = new GoneCheck();
  const unlessListed = <T>(path: string, read: () => Promise<T>): Promise<T> =>
    gone.reading(path, read, async () => (await findFile(place, path)) !== undefined);
  return {
    files: (roots, after = '') => list(place, roots, after),
    async present(roots) {
      mergeRoots(roots);
      const found = await inParallel(parallelLists, roots, (root) => exists(place, root));
      return roots.filter((_, at) => found[at]);
    },
    readWhole: (entry) => unlessListed(entry.path, () => readWhole(reader, keyOf(entry), entry)),
    open: (entry, from) => unlessListed(entry.path, () => open(reader, keyOf(entry), entry, from)),
    passedOver: nothingPassedOver(),
    unreadable: place.unreadable,
    close() {
      reader.close();
      return Promise.resolve();
    },
  };
}

interface Place extends S3SourceOptions {
  unreadable: PassedOver;
}

async function* list(
  place: Place,
  roots: readonly string[],
  after: string,
): AsyncGenerator<SourceEntry> {
  for (const root of mergeRoots(roots)) {
    if (isFolderRoot(root)) {
      if (reachesBeyond(root, after)) yield* listFolder(place, root, after);
    } else if (compareBytes(root, after) > 0) {
      const file = await findFile(place, root);
      if (file) yield file;
    }
  }
}

async function* listFolder(place: Place, root: string, after: string): AsyncGenerator<SourceEntry> {
  const { prefix, unreadable } = place;
  const startAfter = after.startsWith(root) && after !== '' ? { startAfter: prefix + after } : {};
  const pages = pagesOf(place, { prefix: prefix + root, ...startAfter });
  for await (const { objects } of oneAhead(pages)) {
    for (const { Key, Size = 0 } of objects) {
      const path = Key.slice(prefix.length);
      if (path !== '' && !path.endsWith('/')) yield { path, size: Size };
      else if (Size > 0) passOver(unreadable, path);
    }
  }
}

async function findFile(place: Place, path: string): Promise<SourceEntry | undefined> {
  const first = await firstBelow(place, path);
  return first?.path === path ? first : undefined;
}

async function exists(place: Place, root: string): Promise<boolean> {
  const first = await firstBelow(place, root);
  return first !== undefined && (isFolderRoot(root) || first.path === root);
}

/** The first object that begins like this, the marker of a folder included. */
async function firstBelow(place: Place, root: string): Promise<SourceEntry | undefined> {
  const request = { prefix: place.prefix + root, pageSize: 1 };
  for await (const { objects } of pagesOf(place, request)) {
    const [first] = objects;
    return first && { path: first.Key.slice(place.prefix.length), size: first.Size ?? 0 };
  }
  return undefined;
}

async function* pagesOf(
  { client, bucket }: Place,
  request: Omit<ListRequest, 'bucket'>,
): AsyncGenerator<ListedPage, void, void> {
  try {
    yield* listObjects(client, { bucket, ...request });
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new SourceUnavailableError(`the bucket ${bucket} cannot be listed (${why})`, error);
  }
}

async function readWhole(reader: S3Reader, key: string, { path }: SourceEntry): Promise<WholeFile> {
  try {
    return await reader.get({ key }, async (answer) => {
      const bytes = await collect(answer, path);
      return { ...factsOf(answer), bytes, changed: false };
    });
  } catch (error) {
    throw readFailure(path, error);
  }
}

async function open(
  reader: S3Reader,
  key: string,
  { path }: SourceEntry,
  { offset, version }: { offset: number; version: string | undefined } = {
    offset: 0,
    version: undefined,
  },
): Promise<OpenFile> {
  // S3 refuses a part of no bytes, and the rest of a file may be none: so one byte more is read.
  const startsAt = Math.max(0, offset - 1);
  try {
    const answer = await readFrom(reader, { path, key, offset: startsAt, version });
    const facts = factsOf(answer);
    const begun = { ...facts, version: facts.version, answer, path, key, offset, startsAt };
    return {
      ...facts,
      body: continued(reader, begun),
      changed: () => Promise.resolve(false),
    };
  } catch (error) {
    throw readFailure(path, error);
  }
}
