import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { messageOf } from '../../errors.ts';
import { epochOf, systemClock, type Clock } from '../../clock.ts';
import {
  remoteControl,
  RemoteControlError,
  type RemoteControl,
} from '../../rclone/remote-control.ts';
import type { Remote } from '../../rclone/remote.ts';
import type { RcloneSession } from '../../rclone/session.ts';
import { GoneCheck } from './gone.ts';
import { nothingPassedOver, passOver } from './passed-over.ts';
import { isFolderRoot, mergeRoots } from './roots.ts';
import {
  FileChangedError,
  FileGoneError,
  FileUnreadableError,
  SourceUnavailableError,
  wholeFileLimit,
  type OpenFile,
  type PassedOver,
  type Source,
  type SourceEntry,
  type WholeFile,
} from './source.ts';
import { walkTree, type TreeEntry } from './walk.ts';

export interface RcloneSourceOptions {
  /** Not closed with the source. */
  session: RcloneSession;
  remote: Remote;
  clock?: Clock;
}

/** Folders that are listed ahead, at each depth. */
const prefetch = 8;

/** Attempts at reading one file. */
const attempts = 5;

/** The wait before the second attempt; each next one is twice as long. */
const retryDelayMs = 100;

const itemSchema = z.object({
  Name: z.string(),
  Size: z.number(),
  ModTime: z.string(),
  IsDir: z.boolean(),
  Hashes: z.record(z.string(), z.string()).optional(),
});
const listSchema = z.object({ list: z.array(itemSchema).nullable() });
const statSchema = z.object({ item: itemSchema.nullable() });
const featuresSchema = z.object({ Features: z.object({ BucketBased: z.boolean().optional() }) });
type Item = z.infer<typeof itemSchema>;

interface RcloneEntry extends TreeEntry {
  size: number;
}

/**
 * A remote, read through one rclone that serves it for the length of the run. Files whose size the
 * remote does not know, such as Google's documents, are passed over: they have no bytes of their own.
 *
 * A version is known by size and time, and by MD5 where the remote keeps it: without, a file that was
 * replaced by one of the same size within the precision of the remote's clock looks the same.
 */
export function rcloneSource({
  session,
  remote,
  clock = systemClock,
}: RcloneSourceOptions): Source {
  let control: RemoteControl | undefined;
  const passedOver = nothingPassedOver();
  const unreadable = nothingPassedOver();
  const place: Place = {
    control: () => (control ??= remoteControl(session.serve({ remote, path: '' }), clock)),
    keepsMd5: remote.keepsMd5,
    clock,
    gone: new GoneCheck(),
    passedOver,
    unreadable,
  };
  return {
    passedOver,
    unreadable,
    async *files(roots, after) {
      const tree = { list: (folder: string) => listFolder(place, folder), prefetch };
      for await (const { path, entry } of walkTree(tree, roots, after)) {
        if (entry.size >= 0) yield { path, size: entry.size };
        else passOver(passedOver, path);
      }
    },
    present: (roots) => present(place, roots),
    readWhole: (entry) => unlessListed(place, entry, () => readWhole(place, entry)),
    open: (entry, from) => unlessListed(place, entry, () => open(place, entry, from)),
    async close() {
      await control?.close();
    },
  };
}

interface Place {
  /** Started with the first request. */
  control: () => RemoteControl;
  /** Whether asking for an MD5 costs nothing. */
  keepsMd5: boolean;
  clock: Clock;
  gone: GoneCheck;
  passedOver: PassedOver;
  unreadable: PassedOver;
}

async function listFolder(place: Place, folder: string): Promise<RcloneEntry[] | undefined> {
  try {
    return await listNow(place, folder);
  } catch (error) {
    if (isGone(error) && (folder === '' || (await isFolderGone(place, folder)))) return undefined;
    if (folder === '' || !(isGone(error) || isRefused(error))) {
      throw unavailable(`listing "${folder}" failed`, error);
    }
    passOver(place.unreadable, folder);
    return undefined;
  }
}

async function listNow({ control }: Place, folder: string): Promise<RcloneEntry[]> {
  const parameters = { remote: folder.replace(/\/$/, ''), opt: { noMimeType: true } };
  const { list } = listSchema.parse(await control().call('operations/list', parameters));
  return (list ?? []).map(({ Name, Size, IsDir }) => ({ name: Name, size: Size, isFolder: IsDir }));
}

/**
 * Reads a file that may be listed by a name that leads nowhere: rclone shows what a name may not hold
 * as other characters, and not each of them finds its way back.
 */
function unlessListed<T>(place: Place, { path }: SourceEntry, read: () => Promise<T>): Promise<T> {
  return place.gone.reading(path, read, () => isListed(place, path));
}

/** Whether a folder that was not found is not listed either; it may be where nothing tells. */
async function isFolderGone(place: Place, folder: string): Promise<boolean> {
  try {
    return await place.gone.isGone(folder, () => isListed(place, folder));
  } catch (error) {
    if (error instanceof FileUnreadableError) return false;
    throw error;
  }
}

/** Whether a file, or a folder with a `/` at its end, stands in the listing of its folder. */
async function isListed(place: Place, root: string): Promise<boolean> {
  const path = root.replace(/\/$/, '');
  const nameAt = path.lastIndexOf('/') + 1;
  const above = path.slice(0, nameAt);
  try {
    const siblings = await listNow(place, above);
    return siblings.some(
      ({ name, isFolder }) => name === path.slice(nameAt) && isFolder === isFolderRoot(root),
    );
  } catch (error) {
    if (isGone(error)) return false;
    if (!isRefused(error)) throw unavailable(`listing "${above}" failed`, error);
    throw new FileUnreadableError(
      root,
      'it was not found, and its folder may not be listed',
      error,
    );
  }
}

/**
 * Goes by the listings of the folders that they lie in: an object store answers for any folder that
 * is not there as for an empty one.
 */
async function present(place: Place, roots: readonly string[]): Promise<string[]> {
  mergeRoots(roots);
  const listings = new Map<string, Promise<RcloneEntry[] | undefined>>();
  const listed = (folder: string): Promise<RcloneEntry[] | undefined> => {
    const listing = listings.get(folder) ?? listFolder(place, folder);
    listings.set(folder, listing);
    return listing;
  };
  const found: string[] = [];
  for (const root of roots) {
    const path = root.replace(/\/$/, '');
    const nameAt = path.lastIndexOf('/') + 1;
    const siblings = await listed(path.slice(0, nameAt));
    const isThere = siblings?.some(
      ({ name, isFolder }) => name === path.slice(nameAt) && isFolder === isFolderRoot(root),
    );
    if (root === '' ? await isRoot(place, siblings) : isThere) found.push(root);
  }
  return found;
}

/** Whether there is such a folder at all, going by its listing. */
async function isRoot(place: Place, listed: RcloneEntry[] | undefined): Promise<boolean> {
  if (listed === undefined || listed.length > 0) return listed !== undefined;
  const info = await place.control().call('operations/fsinfo', {});
  return featuresSchema.parse(info).Features.BucketBased !== true;
}

async function readWhole(place: Place, { path }: SourceEntry): Promise<WholeFile> {
  return retrying(place, path, async () => {
    const answer = await place.control().file(path);
    const size = lengthOf(answer);
    if (size === undefined || size > wholeFileLimit) answer.destroy();
    if (size === undefined)
      throw new FileUnreadableError(path, 'the remote does not know its size');
    if (size > wholeFileLimit) throw new FileChangedError(path);
    const bytes = Buffer.allocUnsafe(size);
    let filled = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      filled += chunk.copy(bytes, filled);
    }
    if (filled < size) throw new Error(`only ${filled} of ${size} bytes came`);
    return { bytes, size, modified: modifiedOf(answer), changed: false };
  });
}

async function open(
  place: Place,
  { path }: SourceEntry,
  from?: { offset: number; version: string | undefined },
): Promise<OpenFile> {
  const item = await stat(place, path);
  const version = item && versionOf(item);
  if (from?.version !== undefined && from.version !== version) throw new FileChangedError(path);
  if (!item || version === undefined) throw new FileGoneError(path);
  if (item.Size < 0) throw new FileUnreadableError(path, 'the remote does not know its size');
  return {
    size: item.Size,
    modified: Math.floor(epochOf(item.ModTime)),
    version,
    body: body(place, path, item, from?.offset ?? 0),
    async changed() {
      const now = await stat(place, path);
      return now === undefined || versionOf(now) !== version;
    },
  };
}

/** The rest of one version, taken up again where it breaks off. */
async function* body(
  place: Place,
  path: string,
  item: Item,
  offset: number,
): AsyncGenerator<Buffer> {
  let at = offset;
  for (let attempt = 1; at < item.Size; attempt++) {
    try {
      const answer = await place.control().file(path, at);
      if (!isVersion(answer, item, at)) {
        answer.destroy();
        throw new FileChangedError(path);
      }
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        at += chunk.length;
        yield chunk;
      }
      if (at < item.Size) throw new Error(`only ${at} of ${item.Size} bytes came`);
    } catch (error) {
      if (statusOf(error) === 404 || statusOf(error) === 416) {
        throw await notFound(place, path, item, error);
      }
      await orGiveUp(place, path, error, attempt);
    }
  }
}

/** Why a file that was there is not given: it was replaced, or never could be had by its name. */
async function notFound(place: Place, path: string, item: Item, error: unknown): Promise<Error> {
  const now = await stat(place, path);
  if (!now || versionOf(now) !== versionOf(item)) return new FileChangedError(path, error);
  return new FileUnreadableError(path, 'it is listed and cannot be opened by that name', error);
}

/** A file as it is now; `undefined` where there is none. */
async function stat(place: Place, path: string): Promise<Item | undefined> {
  return retrying(place, path, async () => {
    const hashes = place.keepsMd5 ? { showHash: true, hashTypes: ['md5'] } : {};
    const parameters = { remote: path, opt: { noMimeType: true, ...hashes } };
    const { item } = statSchema.parse(await place.control().call('operations/stat', parameters));
    return item && !item.IsDir ? item : undefined;
  });
}

function versionOf({ Size, ModTime, Hashes }: Item): string {
  return [`${Size}@${ModTime}`, ...Object.values(Hashes ?? {})].join('#');
}

/** Whether an answer is of that version: it tells the time in whole seconds. */
function isVersion(answer: IncomingMessage, item: Item, at: number): boolean {
  const modified = modifiedOf(answer);
  const isOfTime = Math.abs(modified - epochOf(item.ModTime)) < 1_000;
  return lengthOf(answer) === item.Size - at && (Number.isNaN(modified) || isOfTime);
}

/** What is announced; `undefined` where it is not. */
function lengthOf({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

function modifiedOf({ headers }: IncomingMessage): number {
  return epochOf(headers['last-modified'] ?? '');
}

async function retrying<T>(place: Place, path: string, read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (isGone(error)) throw new FileGoneError(path, error);
      await orGiveUp(place, path, error, attempt);
    }
  }
}

/** Waits for the next attempt. @throws what it was, where none would help. */
async function orGiveUp(
  { clock }: Place,
  path: string,
  error: unknown,
  attempt: number,
): Promise<void> {
  if (error instanceof FileChangedError || error instanceof FileUnreadableError) throw error;
  if (error instanceof RemoteControlError && error.cause !== undefined) {
    throw unavailable('rclone has ended', error);
  }
  if (attempt >= attempts || isRefused(error)) {
    throw new FileUnreadableError(path, messageOf(error), error);
  }
  await clock.sleep(retryDelayMs * 2 ** (attempt - 1));
}

function statusOf(error: unknown): number | undefined {
  return error instanceof RemoteControlError ? error.status : undefined;
}

/** A file may stand where a folder was. */
function isGone(error: unknown): boolean {
  if (statusOf(error) === 404) return true;
  return error instanceof RemoteControlError && error.message.endsWith(': not a directory');
}

/** rclone passes on in words what the remote says of permissions. */
function isRefused(error: unknown): boolean {
  return (
    error instanceof RemoteControlError &&
    /permission denied|access ?denied|\b403\b|forbidden/i.test(error.message)
  );
}

function unavailable(what: string, error: unknown): SourceUnavailableError {
  return new SourceUnavailableError(`${what}: ${messageOf(error)}`, error);
}
