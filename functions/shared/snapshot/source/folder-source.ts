import { lstatSync } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { inParallel } from '../../parallel.ts';
import { mapAhead } from './ahead.ts';
import { errorCode, fileFailure, isAbsent, isRefused } from './folder-failure.ts';
import { fill, openBelow, readBelowNow, versionAt, wholeFile } from './folder-file.ts';
import { GoneCheck } from './gone.ts';
import { listFolder, type Folder } from './folder-listing.ts';
import { FileStream } from './folder-stream.ts';
import { nothingPassedOver, passOver } from './passed-over.ts';
import { Pace } from './pace.ts';
import { isFolderRoot, mergeRoots } from './roots.ts';
import {
  FileChangedError,
  FileGoneError,
  SourceUnavailableError,
  wholeFileLimit,
  type Source,
  type SourceEntry,
  type WholeFile,
} from './source.ts';
import { walkTree } from './walk.ts';

/** Folders that are listed ahead, at each depth. */
const prefetch = 8;
/** Files whose size is looked up at once. */
const parallelStats = 64;
/** Files up to this size may be read without leaving the thread. */
const quickBytes = 64 * 1024;

/**
 * A folder of a mounted file system, such as an EFS access point. The path of the folder may lead
 * over links; below it none is followed, whoever puts one there and whenever.
 */
export function folderSource(root: string): Source {
  const left = { passedOver: nothingPassedOver(), unreadable: nothingPassedOver() };
  const streams = new Set<FileStream>();
  const pace = { reading: new Pace(), listing: new Pace() };
  // A look is as cheap as the reading that failed: no need to count them.
  const gone = new GoneCheck(Infinity);
  let known: string | undefined;
  const real = async (): Promise<string | undefined> => (known ??= await realRoot(root));
  const reading = async <T>(path: string, read: Reading<T>): Promise<T> => {
    mergeRoots([path]);
    const folder = await real();
    if (folder === undefined) throw new FileGoneError(path);
    const once = async (): Promise<T> => {
      try {
        return await read(folder, path);
      } catch (error) {
        throw fileFailure(path, error);
      }
    };
    return gone.reading(path, once, async () => (await versionAt(folder, path)) !== undefined);
  };
  return {
    ...left,
    async *files(roots, after) {
      const merged = mergeRoots(roots);
      const folder = await real();
      if (folder === undefined) return;
      yield* list({ ...left, root: folder }, pace.listing, merged, after);
    },
    async present(roots) {
      mergeRoots(roots);
      const folder = await real();
      if (folder === undefined) return [];
      const found = await inParallel(parallelStats, roots, (each) => exists(folder, each));
      return roots.filter((_, at) => found[at]);
    },
    readWhole: ({ path, size }) =>
      reading(path, (folder) => {
        const inBackground = () => readWhole(folder, path);
        if (size > quickBytes) return inBackground();
        return pace.reading.run(() => readBelowNow(folder, path), inBackground);
      }),
    open: ({ path }, from) =>
      reading(path, async (folder) => {
        const stream = await FileStream.open(folder, path, from);
        streams.add(stream);
        stream.ended = () => streams.delete(stream);
        return stream;
      }),
    async close() {
      await Promise.all([...streams].map((stream) => stream.end()));
    },
  };
}

/** Something done with the file of a path below the real root. */
type Reading<T> = (root: string, path: string) => Promise<T>;

/** The folder without links in its path; nothing where there is none. */
async function realRoot(root: string): Promise<string | undefined> {
  try {
    return await realpath(root);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw new SourceUnavailableError(`${root} cannot be reached (${errorCode(error)})`, error);
  }
}

async function* list(
  folder: Folder,
  pace: Pace,
  roots: readonly string[],
  after: string | undefined,
): AsyncGenerator<SourceEntry> {
  const tree = { list: (below: string) => listFolder(folder, below), prefetch };
  const sized = mapAhead(walkTree(tree, roots, after), parallelStats, ({ path }) =>
    withSize(folder, pace, path),
  );
  for await (const entry of sized) if (entry) yield entry;
}

/** Nothing where there is no longer such a file. */
async function withSize(
  { root, passedOver, unreadable }: Folder,
  pace: Pace,
  path: string,
): Promise<SourceEntry | undefined> {
  const at = join(root, path);
  try {
    const stats = await pace.run(
      () => lstatSync(at),
      () => lstat(at),
    );
    if (stats.isFile()) return { path, size: stats.size };
    passOver(passedOver, path);
  } catch (error) {
    if (isRefused(error)) passOver(unreadable, path);
    else if (!isAbsent(error)) throw fileFailure(path, error);
  }
  return undefined;
}

async function exists(real: string, root: string): Promise<boolean> {
  const path = join(real, root.replace(/\/$/, ''));
  try {
    const stats = await lstat(path);
    const isKind = isFolderRoot(root) ? stats.isDirectory() : stats.isFile();
    return isKind && (await realpath(path)) === path;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw new SourceUnavailableError(`looking for ${path} failed with ${errorCode(error)}`, error);
  }
}

async function readWhole(root: string, path: string): Promise<WholeFile> {
  const { handle, facts } = await openBelow(root, path);
  try {
    if (facts.size > wholeFileLimit) throw new FileChangedError(path);
    const bytes = Buffer.allocUnsafe(facts.size);
    const filled = await fill(handle, bytes, 0);
    return wholeFile(facts, bytes.subarray(0, filled), await versionAt(root, path));
  } finally {
    await handle.close();
  }
}
