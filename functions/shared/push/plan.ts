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
export function planPush({ source, destination, manifest, caseInsensitive }: PushSides): PushPlan {
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

  for (const file of source) {
    const problem = /[\r\n]/.test(file.path)
      ? 'its name holds a line break'
      : collision(wanted, keyOf(file.path), file.path);
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
