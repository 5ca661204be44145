import type { Side } from '../contract/index.ts';
import { RcloneError } from '../rclone/session.ts';
import { attemptBisync, type Attempt, type AttemptOptions, type Remembered } from './attempt.ts';
import { bisyncError, listSide, type Leg } from './leg.ts';
import { formatRemembered, type RememberedSide } from './listing.ts';
import type { BisyncStop } from './log.ts';
import { timesOf } from './remotes.ts';
import { correctTimes, settlePart, type Seen } from './settle.ts';
import { writeState } from './state.ts';
import { count, createTally, failuresOf, type Tally } from './tally.ts';
import { literalPattern } from './workdir.ts';

/** How carrying out ended: bisync refused before it changed anything, or did what it could. */
export type Carried = { stop: BisyncStop; first: Attempt } | { tally: Tally; last: Attempt };

/** Files that fail are left out of the next attempt, so that they hold nothing else up. */
const maxAttempts = 3;

/**
 * Lets bisync change both sides, and remembers how they are then.
 * @throws RcloneError where it failed without naming files; what was done is remembered before.
 */
export async function carryOut(leg: Leg, options: AttemptOptions): Promise<Carried> {
  const tally = createTally();
  const without = new Set<string>();
  let { remembered } = options;
  for (let number = 1; ; number++) {
    const attempt = await attemptBisync(leg.deps, { ...options, remembered, without });
    const { story, result } = attempt;
    if (story.stop && !story.applying && number === 1) return { stop: story.stop, first: attempt };
    count(tally, attempt);
    const settled = await settle(leg, attempt, remembered, options.remembered === undefined);
    remembered = settled && putBack(settled, remembered, without);
    const failures = failuresOf(attempt);
    for (const { path, reason } of failures) tally.failed.set(path, reason);
    const avoidable = failures.filter(({ path }) => literalPattern(path) !== undefined);
    const before = without.size;
    for (const { path } of avoidable) without.add(path);
    if (without.size > before && number < maxAttempts) continue;
    await remember(leg, options.remembered, remembered);
    if (!['done', 'time-up'].includes(result.outcome) && tally.failed.size === 0) {
      throw bisyncError(result);
    }
    return { tally, last: attempt };
  }
}

/** What is known of both sides after an attempt; after a resync that failed nothing is. */
async function settle(
  leg: Leg,
  attempt: Attempt,
  before: Remembered | undefined,
  resync: boolean,
): Promise<Remembered | undefined> {
  const { story, result, after, found } = attempt;
  if (result.outcome === 'done') {
    correctTimes(after.sides, story, await relist(leg, attempt, resync), resync);
    return after;
  }
  if (!before || resync || !story.applying) return before;
  const seen = await listBoth(leg);
  if (!seen) return before;
  const sides = { workspace: new Map(before.sides.workspace), cloud: new Map(before.sides.cloud) };
  settlePart(sides, story, seen, found);
  return { pair: before.pair, sides };
}

/** The sides of which bisync has written down times that may not be theirs. */
async function relist(
  leg: Leg,
  { story }: Attempt,
  resync: boolean,
): Promise<Partial<Record<Side, Seen>>> {
  const seen: Partial<Record<Side, Seen>> = {};
  for (const side of ['workspace', 'cloud'] as const) {
    const touched = story.equal.size > 0 || story.copied.some((file) => file.side === side);
    if (resync || (touched && timesOf(leg.deps[side]) !== 'kept')) {
      seen[side] = await listSide(leg, side);
    }
  }
  return seen;
}

/** Both sides as they are, or `undefined` where there is no time to look: then the next leg does. */
async function listBoth(leg: Leg): Promise<Record<Side, Seen> | undefined> {
  try {
    return { workspace: await listSide(leg, 'workspace'), cloud: await listSide(leg, 'cloud') };
  } catch (error) {
    if (error instanceof RcloneError) return undefined;
    throw error;
  }
}

/** Files that were left out are what they were. */
function putBack(
  settled: Remembered,
  before: Remembered | undefined,
  without: ReadonlySet<string>,
): Remembered {
  for (const side of ['workspace', 'cloud'] as const) {
    for (const path of without) {
      const file = before?.sides[side].get(path);
      if (file) settled.sides[side].set(path, file);
    }
  }
  return settled;
}

async function remember(
  { order, deps, identity }: Leg,
  before: Remembered | undefined,
  now: Remembered | undefined,
): Promise<void> {
  if (!now || (before && isSame(before, now))) return;
  const { workspace, cloud } = now.sides;
  await writeState(deps.store, order.agent, order.fence, {
    version: 1,
    ...identity,
    pair: now.pair,
    listings: { workspace: formatRemembered(workspace), cloud: formatRemembered(cloud) },
  });
}

function isSame(before: Remembered, now: Remembered): boolean {
  const text = (side: RememberedSide): string => formatRemembered(side);
  return (['workspace', 'cloud'] as const).every(
    (side) => text(before.sides[side]) === text(now.sides[side]),
  );
}
