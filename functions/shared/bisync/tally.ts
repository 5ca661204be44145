import type { SkippedFile } from '../contract/index.ts';
import { generalTrouble } from '../one-way/apply.ts';
import type { RcloneResult } from '../rclone/session.ts';
import { troubleOf, type Trouble } from '../rclone/trouble.ts';
import type { Attempt } from './attempt.ts';
import type { BisyncResult } from './order.ts';
import { otherSide } from './plan.ts';
import { unfinished } from './unfinished.ts';

/** What the attempts of a leg have done together; a file that was copied twice counts once. */
export interface Tally {
  copied: Map<string, { size: number; side: 'workspace' | 'cloud' }>;
  deleted: Set<string>;
  conflicts: Set<string>;
  failed: Map<string, string>;
  retries: number;
  /** What stood in the way of more than one file. */
  trouble: Trouble | undefined;
}

export function createTally(): Tally {
  return {
    copied: new Map(),
    deleted: new Set(),
    conflicts: new Set(),
    failed: new Map(),
    retries: 0,
    trouble: undefined,
  };
}

export function count(tally: Tally, { story, result }: Attempt): void {
  for (const { path, size, side } of story.copied) tally.copied.set(path, { size, side });
  for (const { path, side } of story.removed) {
    // What was replaced went into the trash, too.
    if (story.deltas[otherSide(side)].get(path) === 'deleted') tally.deleted.add(path);
  }
  for (const path of story.conflicts.keys()) tally.conflicts.add(path);
  tally.retries += result.account.retries;
  if (!goesOn(result)) tally.trouble ??= generalTrouble(result);
}

/** Files that rclone gave up, with a reason each. That two versions differ is a finding, not a failure. */
export function failuresOf({ result, story, found }: Attempt): SkippedFile[] {
  if (goesOn(result) || !story.applying) return [];
  const { errors, provider } = result.account;
  return errors.flatMap(({ path, message }) => {
    if (path === undefined || /differ$/i.test(message)) return [];
    const isFile = found.workspace.has(path) || found.cloud.has(path);
    if (isBisyncs(path) && !isFile) return [];
    const name = path.replace(unfinished, '');
    const said = { path: name, message, ...(provider === undefined ? {} : { provider }) };
    return [{ path: name, reason: troubleOf(said).sentence }];
  });
}

/** What rclone was stopped at, or kept from by its provider, is not given up. */
function goesOn({ outcome }: RcloneResult): boolean {
  return ['done', 'time-up', 'rate-limited'].includes(outcome);
}

/**
 * Conflicts whose names have no room for what their losers would be called: where bisync says of no
 * file that it failed, it failed at the first of these.
 */
export function tooLongToResolve({ story }: Attempt): SkippedFile[] {
  const room = longestName - '.conflict10'.length;
  const isLong = (path: string): boolean =>
    Buffer.byteLength(path.slice(path.lastIndexOf('/') + 1)) > room;
  const reason =
    'both sides have changed it, and its name is too long for ".conflict1" at its end: give it a ' +
    'shorter name; until then neither version is carried';
  return [...story.conflicts.keys()].filter(isLong).map((path) => ({ path, reason }));
}

/** Bytes of the longest name that most file systems and providers take. */
const longestName = 255;

/** bisync's own steps, which its log names where other commands name a file. */
function isBisyncs(name: string): boolean {
  return ['copy1to2', 'copy2to1', 'march', 'Safety abort'].includes(name);
}

export function totals(tally: Tally): Omit<BisyncResult, 'plan' | 'warnings' | 'timeUp'> {
  const to = (side: 'workspace' | 'cloud') =>
    [...tally.copied.values()].filter((file) => file.side === side);
  const bytes = (files: { size: number }[]): number =>
    files.reduce((sum, { size }) => sum + size, 0);
  return {
    filesSent: to('cloud').length,
    bytesSent: bytes(to('cloud')),
    filesReceived: to('workspace').length,
    bytesReceived: bytes(to('workspace')),
    filesDeleted: tally.deleted.size,
    conflicts: tally.conflicts.size,
    retries: tally.retries,
    skipped: [...tally.failed].map(([path, reason]) => ({ path, reason })),
    ...(tally.trouble ? { trouble: tally.trouble } : {}),
  };
}
