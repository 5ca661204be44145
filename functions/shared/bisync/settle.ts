import { epochOf } from '../clock.ts';
import type { Side } from '../contract/index.ts';
import type { ListedFile } from '../rclone/listing.ts';
import { listingTime, type RememberedFile, type RememberedSide } from './listing.ts';
import type { BisyncStory } from './log.ts';
import { otherSide } from './plan.ts';

/** A side's files by path, as a listing shows them. */
export type Seen = ReadonlyMap<string, ListedFile>;

const bothSides = ['workspace', 'cloud'] as const;

/** A side's files, by path. */
export function seenOf(files: ListedFile[]): Seen {
  return new Map(files.map((file) => [file.path, file]));
}

/**
 * Corrects the times that bisync has written down. Of a copy it notes the time of the original, which
 * is not what a side shows that gives each file the time of its upload; and of a file that it has read
 * from S3 it knows the second only. The next run would take both for changed: then a file that is
 * deleted on the other side would come back, and a second edit be a conflict.
 *
 * A time later than the copy, and not that of the original, is not taken over: it may be an edit.
 */
export function correctTimes(
  remembered: Record<Side, RememberedSide>,
  { copied, equal }: BisyncStory,
  seen: Record<Side, Seen>,
  resynced: boolean,
): void {
  for (const side of bothSides) {
    const other = remembered[otherSide(side)];
    const copies = copied.filter((file) => file.side === side);
    const isCopy = new Map(copies.map(({ path, at }) => [looseKey(path), at]));
    for (const [path, file] of remembered[side]) {
      const now = seen[side].get(path);
      // What has another size has been changed since: the next run has to find that.
      if (now?.size !== file.size) continue;
      const copiedAt = isCopy.get(looseKey(path));
      // Somebody may have edited it after it was copied: the next run has to look.
      if (copiedAt !== undefined && isEdited(now, copiedAt, file.time)) continue;
      const time = listingTime(now.modified);
      const borrowed = (resynced || equal.has(path)) && other.get(path)?.time === file.time;
      if (copiedAt !== undefined || borrowed || isCut(file.time, time)) file.time = time;
    }
  }
}

/** A copy has the name that was there before, which may differ in case or in its form of Unicode. */
function looseKey(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

/** What clocks may differ by, and what a side may cut off a time that it is given, in milliseconds. */
const skewMs = 1_000;

/**
 * Whether a copy may have been edited since: its time is later, and not that of the original.
 * @param at when it was copied, in milliseconds since 1970
 * @param original the time of what was copied, in the form of listings
 */
function isEdited({ modified }: ListedFile, at: number, original: string): boolean {
  const time = epochOf(modified);
  const isOriginals = Math.abs(time - epochOf(original.replace('+0000', 'Z'))) <= skewMs;
  return time > at + skewMs && !isOriginals;
}

/** Whether a time is another one's second. */
function isCut(second: string, time: string): boolean {
  return second === `${time.slice(0, 19)}.000000000+0000`;
}

/**
 * What is to be remembered after a run that did not come to its end: what was before it, and of what
 * it says it has done all that both sides still show.
 * @param remembered is changed.
 * @param now both sides as bisync found them when it began.
 */
export function settlePart(
  remembered: Record<Side, RememberedSide>,
  { copied, equal, deltas, removed }: BisyncStory,
  seen: Record<Side, Seen>,
  now: Record<Side, RememberedSide>,
): void {
  for (const { path, size, side, at } of copied) {
    const from = otherSide(side);
    const [original, copy] = [seen[from].get(path), seen[side].get(path)];
    if (original?.size !== size || !isAsFound(path, from, seen, now)) continue;
    if (!copy || isEdited(copy, at, listingTime(original.modified))) continue;
    rememberBoth(remembered, path, seen);
  }
  for (const path of equal) {
    if (bothSides.every((side) => isAsFound(path, side, seen, now))) {
      rememberBoth(remembered, path, seen);
    }
  }
  const gone = [
    ...removed.map(({ path }) => path),
    ...[...deltas.workspace].filter(([, delta]) => delta === 'deleted').map(([path]) => path),
  ];
  for (const path of gone) {
    if (bothSides.some((side) => seen[side].has(path))) continue;
    for (const side of bothSides) remembered[side].delete(path);
  }
}

/** Whether a file is still what bisync found; one that it has just renamed was not found yet. */
function isAsFound(
  path: string,
  side: Side,
  seen: Record<Side, Seen>,
  now: Record<Side, RememberedSide>,
): boolean {
  const found = now[side].get(path);
  const there = seen[side].get(path);
  if (!there) return false;
  return (
    found === undefined || (found.size === there.size && found.time === listingTime(there.modified))
  );
}

function rememberBoth(
  remembered: Record<Side, RememberedSide>,
  path: string,
  seen: Record<Side, Seen>,
): void {
  const [workspace, cloud] = bothSides.map((side) => seen[side].get(path));
  if (!workspace || workspace.size !== cloud?.size) return;
  remembered.workspace.set(path, rememberedFile(workspace));
  remembered.cloud.set(path, rememberedFile(cloud));
}

export function rememberedFile({ path, size, modified }: ListedFile): RememberedFile {
  // A string of JSON is a string of Go's.
  const rest = { flags: '-', hash: '-', id: '-', name: JSON.stringify(path) };
  return { size, time: listingTime(modified), rest };
}

/**
 * Makes files that were changed without a change of their size look changed to bisync, which does not
 * look at the times of some remotes: what it is told of their size is made wrong.
 */
export function markChanged(remembered: RememberedSide, seen: Seen): void {
  for (const [path, file] of remembered) {
    const now = seen.get(path);
    if (now?.size === file.size && listingTime(now.modified) !== file.time) file.size++;
  }
}
