import { keepEdges } from '../rclone/filter.ts';
import type { Side } from '../contract/index.ts';
import { isMissingFolder, parseListing } from '../rclone/listing.ts';
import { partialListing } from '../rclone/partial-listing.ts';
import { RcloneError, type RcloneResult } from '../rclone/session.ts';
import { troubleOf } from '../rclone/trouble.ts';
import type { Aside } from './aside.ts';
import type { AttemptOptions, Remembered } from './attempt.ts';
import type { Winner } from './flags.ts';
import { maxDeletePercent } from './guard.ts';
import type { BisyncDeps, BisyncOrder } from './order.ts';
import { timesOf } from './remotes.ts';
import { seenOf, type Seen } from './settle.ts';
import type { Identity } from './state.ts';
import { unfinishedPattern } from './unfinished.ts';

/** What everything in one leg works with. */
export interface Leg {
  order: BisyncOrder;
  deps: BisyncDeps;
  identity: Identity;
  winner: Winner;
  warnings: string[];
  /** What it leaves alone, as soon as that is known. */
  aside?: Aside;
}

/** A leg; without times that rclone can compare nobody knows whose version is newer. */
export function openLeg(order: BisyncOrder, deps: BisyncDeps, identity: Identity): Leg {
  const winners = { newer: 'newer', local: 'path1', remote: 'path2' } as const;
  const winner = winners[order.conflictResolve];
  const timeless = [deps.workspace, deps.cloud].some((remote) => timesOf(remote) === 'unused');
  if (winner !== 'newer' || !timeless) return { order, deps, identity, winner, warnings: [] };
  const warning =
    'conflictResolve "newer" cannot be decided here, because one side keeps no times that can be ' +
    'compared: the version of the cloud folder wins. Choose "local" or "remote".';
  return { order, deps, identity, winner: 'path2', warnings: [warning] };
}

/** What an attempt does unless something else is decided. */
export function ordinary(
  { order, winner, aside }: Leg,
  remembered: Remembered | undefined,
): AttemptOptions {
  const sizes = remembered ? sizesOf(remembered) : { workspace: 0, cloud: 0 };
  return {
    winner,
    dryRun: order.dryRun,
    aside: aside?.patterns ?? [],
    remembered,
    // What is too much for either side is too much.
    maxDeletePercent: maxDeletePercent(Math.max(sizes.workspace, sizes.cloud), order.limits),
    force: false,
    checkAccess: order.checkAccess,
  };
}

/** How many files each side is known to have had. */
export function sizesOf({ sides }: Remembered): Record<Side, number> {
  return { workspace: sides.workspace.size, cloud: sides.cloud.size };
}

/**
 * The files of a side; where there is no such folder, none.
 * @throws RcloneError, also when time is up, and where a folder of it cannot be listed.
 */
export async function listSide(leg: Leg, side: Side): Promise<Seen> {
  const result = await runListing(leg, side);
  if (isMissingFolder(result)) return new Map<string, never>();
  if (result.outcome !== 'done') throw new RcloneError(`${side} cannot be listed`, result);
  return seenOf(parseListing(result.stdout).files);
}

/** What a side shows. */
export interface SideListing {
  files: Seen;
  /** Folders that are there and cannot be listed, each with the reason. */
  unlisted: ReadonlyMap<string, string>;
}

/**
 * The files of a side, or `undefined` where there is no such folder.
 * @throws RcloneError, also when time is up.
 */
export async function lookForSide(leg: Leg, side: Side): Promise<SideListing | undefined> {
  const result = await runListing(leg, side);
  if (isMissingFolder(result)) return undefined;
  if (result.outcome === 'done') {
    return { files: seenOf(parseListing(result.stdout).files), unlisted: new Map() };
  }
  const partial = partialListing(result);
  if (!partial) throw new RcloneError(`${side} cannot be listed`, result);
  return { files: seenOf(partial.listing.files), unlisted: reasonsOf(result) };
}

function runListing({ deps, aside }: Leg, side: Side): Promise<RcloneResult> {
  const from = { remote: deps[side], path: '' };
  const exclude = [...(aside?.patterns ?? []), unfinishedPattern, ...deps.exclude.map(keepEdges)];
  return deps.session.run({ kind: 'list', from, exclude });
}

function reasonsOf({ account: { errors, provider } }: RcloneResult): Map<string, string> {
  const named = provider === undefined ? {} : { provider };
  return new Map(
    errors.flatMap(({ path, message }) =>
      path === undefined ? [] : [[path, troubleOf({ path, message, ...named }).sentence]],
    ),
  );
}

/** What is wrong with a run of bisync, in rclone's words rather than in bisync's. */
export function bisyncError(result: RcloneResult): RcloneError {
  const errors = result.account.errors.filter(
    ({ message }) => !/^(Bisync aborted|Failed to bisync|There were errors while)/.test(message),
  );
  // bisync says "fatal" of everything; what needs a resync has been looked for before.
  const outcome = result.outcome === 'fatal' ? 'retryable' : result.outcome;
  return new RcloneError('bisync failed', {
    ...result,
    outcome,
    account: { ...result.account, errors: errors.slice(0, 1) },
  });
}
