import type { Side } from '../contract/index.ts';
import { RcloneError } from '../rclone/session.ts';
import { attemptBisync, type Attempt, type AttemptOptions, type Remembered } from './attempt.ts';
import { bisyncError, listSide, type Leg } from './leg.ts';
import { formatRemembered, type RememberedSide } from './listing.ts';
import type { BisyncStop } from './log.ts';
import { timesOf } from './remotes.ts';
import { correctTimes, settlePart, type Seen } from './settle.ts';
import { writeState } from './state.ts';
import { count, createTally, failuresOf, tooLongToResolve, type Tally } from './tally.ts';
import { twinsOf } from './twins.ts';
import { literalPattern } from './workdir.ts';

/** How carrying out ended: bisync refused before it changed anything, or did what it could. */
export type Carried =
  { stop: BisyncStop; first: Attempt } | { tally: Tally; last: Attempt; timeUp: boolean };

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
    const trashSuffix = number === 1 ? '' : `-attempt-${number}`;
    const given = { ...options, remembered, without, trashSuffix };
    const attempt = await attemptBisync(leg.deps, given);
    const { story, result } = attempt;
    if (story.stop && !story.applying && number === 1) return { stop: story.stop, first: attempt };
    count(tally, attempt);
    const settled = await settle(leg, attempt, remembered, options.remembered === undefined);
    const timeUp = settled === 'too-late' || result.outcome === 'time-up';
    if (settled !== 'too-late') remembered = settled && putBack(settled, remembered, without);
    const isEnd = ['done', 'time-up'].includes(result.outcome);
    const named = failuresOf(attempt);
    const failures = isEnd || named.length > 0 ? named : tooLongToResolve(attempt);
    for (const { path, reason } of failures) tally.failed.set(path, reason);
    const avoidable = failures.filter(({ path }) => literalPattern(path) !== undefined);
    const before = without.size;
    for (const { path } of avoidable) without.add(path);
    if (without.size > before && number < maxAttempts) continue;
    for (const { path, reason } of twinsOf(story)) tally.failed.set(path, reason);
    await remember(leg, options.remembered, remembered);
    // Whatever this attempt was to do, the files that failed in one before are not the reason.
    if (!isEnd && failures.length === 0) throw bisyncError(result);
    return { tally, last: attempt, timeUp };
  }
}

/**
 * What is known of both sides after an attempt; after a resync that failed nothing is. Where there is
 * no time left to look at both, what was known before is: it stays true.
 */
async function settle(
  leg: Leg,
  attempt: Attempt,
  before: Remembered | undefined,
  resync: boolean,
): Promise<Remembered | undefined | 'too-late'> {
  const { story, result, after, found } = attempt;
  const isDone = result.outcome === 'done';
  if (isDone && !resync && !needsALook(leg, attempt)) return after;
  if (!isDone && (!before || resync || !story.applying)) return before;
  const seen = await lookAtBoth(leg);
  if (!seen) return 'too-late';
  if (isDone) {
    correctTimes(after.sides, story, seen, resync);
    return after;
  }
  if (!before) return undefined;
  const sides = { workspace: new Map(before.sides.workspace), cloud: new Map(before.sides.cloud) };
  settlePart(sides, story, seen, found);
  return { pair: before.pair, sides };
}

/** Whether bisync may have written down times that are not those of the files. */
function needsALook({ deps }: Leg, { story }: Attempt): boolean {
  if (story.copied.length === 0 && story.equal.size === 0) return false;
  return [deps.workspace, deps.cloud].some((remote) => timesOf(remote) !== 'kept');
}

/** Both sides as they are; `undefined` where there is no time to look. */
async function lookAtBoth(leg: Leg): Promise<Record<Side, Seen> | undefined> {
  try {
    const [workspace, cloud] = await Promise.all([
      listSide(leg, 'workspace'),
      listSide(leg, 'cloud'),
    ]);
    return { workspace, cloud };
  } catch (error) {
    if (error instanceof RcloneError && error.code === 'rclone-time-up') return undefined;
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
  { order, deps, identity, aside }: Leg,
  before: Remembered | undefined,
  now: Remembered | undefined,
): Promise<void> {
  if (!now || (before && isSame(before, now))) return;
  const whole = (side: Side): string =>
    formatRemembered(new Map([...now.sides[side], ...(aside?.remembered[side] ?? [])]));
  await writeState(deps.store, order.agent, order.fence, {
    version: 1,
    ...identity,
    pair: now.pair,
    listings: { workspace: whole('workspace'), cloud: whole('cloud') },
  });
}

function isSame(before: Remembered, now: Remembered): boolean {
  return (['workspace', 'cloud'] as const).every((side) =>
    isSameSide(before.sides[side], now.sides[side]),
  );
}

function isSameSide(before: RememberedSide, now: RememberedSide): boolean {
  if (before.size !== now.size) return false;
  return [...now].every(([path, { size, time, rest }]) => {
    const was = before.get(path);
    if (was?.size !== size || was.time !== time) return false;
    const { flags, hash, id, name } = was.rest;
    return flags === rest.flags && hash === rest.hash && id === rest.id && name === rest.name;
  });
}
