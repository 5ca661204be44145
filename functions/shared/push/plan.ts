import type { SkippedFile } from '../contract/index.ts';
import type { ListedFile } from '../rclone/listing.ts';
import type { PushManifest } from './manifest.ts';

/** What a push would do. Pure data: worked out before anything is changed. */
export interface PushPlan {
  /** Files that the cloud folder does not have. */
  copy: ListedFile[];
  /** Files that are known to differ from the cloud folder's. */
  update: ListedFile[];
  /** Files of equal size on both sides of which nothing is remembered: rclone is asked. */
  compare: ListedFile[];
  /** Files of the cloud folder that the workspace does not have. */
  delete: ListedFile[];
  /** Files that are the same on both sides, by their path. */
  unchanged: ListedFile[];
  skipped: SkippedFile[];
}

export interface PushSides {
  /** The workspace's files, without what is excluded. */
  source: ListedFile[];
  /** The cloud folder's files, without mailboxes, trash, and what is excluded. */
  destination: ListedFile[];
  manifest: PushManifest;
  /** Folders of the cloud folder, empty ones among them. */
  destinationFolders: string[];
  /** Whether `A.txt` and `a.txt` are one file at the destination. */
  caseInsensitive: boolean;
}

/**
 * Compares both sides.
 *
 * A file is unchanged when its identity in the workspace is the one that was pushed and the cloud
 * folder still shows the size and time that it showed then. Nobody's clock is compared with anybody
 * else's, so a changed file of equal size and older time is found.
 */
export function planPush({
  source,
  destination,
  manifest,
  caseInsensitive,
  destinationFolders,
}: PushSides): PushPlan {
  const keyOf = pathKey(caseInsensitive);
  const byPath = new Map(destination.map((file) => [file.path, file]));
  const byKey = new Map(destination.map((file) => [keyOf(file.path), file]));
  const plan: PushPlan = {
    copy: [],
    update: [],
    compare: [],
    delete: [],
    unchanged: [],
    skipped: [],
  };
  const wanted = new Map<string, string>();
  const isFolder = folderKeys([...source, ...destination], destinationFolders, keyOf);

  for (const file of source) {
    const problem =
      unusable(file.path) ??
      clash(keyOf(file.path), isFolder, byKey) ??
      collision(wanted, keyOf(file.path), file.path);
    if (problem !== undefined) {
      plan.skipped.push({ path: file.path, reason: problem });
      wanted.set(keyOf(file.path), wanted.get(keyOf(file.path)) ?? file.path);
      continue;
    }
    // Some destinations keep two Unicode forms of a name apart: then each has its own.
    const there = byPath.get(file.path) ?? byKey.get(keyOf(file.path));
    plan[decide(file, there, manifest)].push(file);
  }
  plan.delete = destination.filter((file) => !wanted.has(keyOf(file.path)));
  return plan;
}

/** Names that rclone, or a list of names, would take for something else. */
function unusable(path: string): string | undefined {
  if (/[\r\n]/.test(path)) return 'its name holds a line break';
  const isPath = path.split('/').every((segment) => !['', '.', '..'].includes(segment));
  return isPath ? undefined : 'its key is not a path';
}

/** The keys of all folders that these files lie in, and of the folders that are listed themselves. */
function folderKeys(
  files: ListedFile[],
  listed: string[],
  keyOf: (path: string) => string,
): ReadonlySet<string> {
  const keys = new Set(listed.map(keyOf));
  for (const { path } of files) for (const parent of parentsOf(keyOf(path))) keys.add(parent);
  return keys;
}

function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    parents.push(path.slice(0, at));
  }
  return parents;
}

/**
 * A file must not be sent to where a folder lies, nor below a file: some servers would put it in the
 * place of the folder and all that it holds. What is to be deleted goes first, and the next run
 * finds the place free.
 */
function clash(
  key: string,
  isFolder: ReadonlySet<string>,
  files: ReadonlyMap<string, ListedFile>,
): string | undefined {
  if (isFolder.has(key)) return 'a folder of that name lies in the cloud folder';
  const file = parentsOf(key).find((parent) => files.has(parent));
  return file === undefined
    ? undefined
    : `a file lies in the cloud folder where its folder ${JSON.stringify(file)} has to be`;
}

function collision(wanted: Map<string, string>, key: string, path: string): string | undefined {
  const other = wanted.get(key);
  if (other !== undefined) {
    return `in the cloud folder it would be the same file as ${JSON.stringify(other)}`;
  }
  wanted.set(key, path);
  return undefined;
}

function decide(
  file: ListedFile,
  there: ListedFile | undefined,
  manifest: PushManifest,
): 'copy' | 'update' | 'compare' | 'unchanged' {
  if (!there) return 'copy';
  if (there.size !== file.size) return 'update';
  const pushed = manifest.files?.get(file.path);
  if (!pushed) return 'compare';
  const destinationSame =
    pushed.destination === notSeenYet || pushed.destination === destinationIdentity(there);
  return pushed.source === sourceIdentity(file) && destinationSame ? 'unchanged' : 'update';
}

/** Stands in the manifest for a file that was sent, but not looked at since: a leg ended first. */
export const notSeenYet = '';

/** What changes when a file of the workspace does. */
export function sourceIdentity({ size, modified, hash }: ListedFile): string {
  return hash ?? `${size}/${modified}`;
}

/** What changes when somebody changes a file of the cloud folder. */
export function destinationIdentity({ size, modified }: ListedFile): string {
  return `${size}/${modified}`;
}

/** Providers keep names in the composed Unicode form whatever they are given. */
export function pathKey(caseInsensitive: boolean): (path: string) => string {
  return caseInsensitive
    ? (path) => path.normalize('NFC').toLowerCase()
    : (path) => path.normalize('NFC');
}
