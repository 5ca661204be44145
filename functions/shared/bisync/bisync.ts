import type { RunReason } from '../contract/index.ts';
import { createPlan } from '../runtime/plan.ts';
import { RcloneError } from '../rclone/session.ts';
import { lookAhead, type Ahead } from './aside.ts';
import { attemptBisync, type AttemptOptions, type Attempt, type Remembered } from './attempt.ts';
import { carryOut } from './carry-out.ts';
import { oneSideEmpty } from './empty-side.ts';
import { guardDeletes, shareOf } from './guard.ts';
import { bisyncError, openLeg, ordinary, sizesOf, type Leg } from './leg.ts';
import type { BisyncStop } from './log.ts';
import type { BisyncDeps, BisyncOrder, BisyncResult } from './order.ts';
import { deletesOf, planOf } from './plan.ts';
import { placeOnBoth, removeFromBoth, withPlaced } from './placeholder.ts';
import { accessDenied, needsResync } from './reasons.ts';
import { correctStory, rehearse } from './rehearsal.ts';
import { timesOf } from './remotes.ts';
import { planned, stopped, warningsOf } from './result.ts';
import { resync } from './resync.ts';
import { markChanged } from './settle.ts';
import { digest, readState, type Identity } from './state.ts';
import { createTally, totals } from './tally.ts';
import { filtersText } from './workdir.ts';
import { rememberedExcludes } from '../workspace/reserved.ts';

/**
 * One leg of a two-way sync between the workspace and the cloud folder, by `rclone bisync`.
 *
 * What bisync remembers is read from the state store before, and written to it afterwards, as far as
 * both sides agree with it. A leg that is killed leaves what was remembered before it: doing it again
 * finds the same files on both sides equal, and what was deleted deleted.
 *
 * @throws RcloneError where rclone failed without naming files; StaleLeaseError.
 */
export async function bisync(order: BisyncOrder, deps: BisyncDeps): Promise<BisyncResult> {
  try {
    return await bisyncLeg(order, deps);
  } catch (error) {
    // Whatever was on its way then is done again, or found done, by the next leg.
    if (!(error instanceof RcloneError) || error.code !== 'rclone-time-up') throw error;
    return { ...totals(createTally()), plan: createPlan({}), warnings: [], timeUp: true };
  }
}

async function bisyncLeg(order: BisyncOrder, deps: BisyncDeps): Promise<BisyncResult> {
  const identity: Identity = {
    binding: order.binding,
    filters: digest(filtersText(rememberedExcludes(deps.exclude))),
    rclone: await rcloneRelease(deps),
  };
  const leg = openLeg(order, deps, identity);
  if (order.resync) return withCare(leg, undefined);
  const found = await readState(deps.store, order.agent, identity);
  if ('lost' in found) return stopped(leg, needsResync(order.agent, found.lost));
  return withCare(leg, { pair: found.state.pair, sides: found.state.listings });
}

/** Leaves alone what bisync must not touch, as far as it shows before bisync begins or fails. */
async function withCare(leg: Leg, stored: Remembered | undefined): Promise<BisyncResult> {
  const ahead = await lookAhead(leg, stored);
  if ('blocked' in ahead) return stopped(leg, ahead.blocked);
  try {
    return await goOn(ahead);
  } catch (error) {
    if (!(error instanceof RcloneError) || error.code === 'rclone-time-up') throw error;
    const again = await lookAhead(leg, stored, true);
    // Only a folder that cannot be listed, and was not known to be one, is worth another try.
    const known = ahead.leg.aside?.patterns.length ?? 0;
    if ('blocked' in again || (again.leg.aside?.patterns.length ?? 0) <= known) throw error;
    return goOn(again);
  }
}

async function goOn({ leg, remembered, seen }: Ahead): Promise<BisyncResult> {
  const result = remembered ? await inStep(leg, remembered, seen) : await resync(leg);
  return { ...result, skipped: [...(leg.aside?.skipped ?? []), ...result.skipped] };
}

let release: Promise<string> | undefined;

/** Asked once: a function has the same rclone for as long as it lives. */
function rcloneRelease(deps: BisyncDeps): Promise<string> {
  release ??= askRelease(deps).catch((error: unknown) => {
    release = undefined;
    throw error;
  });
  return release;
}

/** Major and minor version: within one, listings stay readable. */
async function askRelease({ session }: BisyncDeps): Promise<string> {
  const result = await session.run({ kind: 'version' });
  const found = /^rclone v(\d+\.\d+)/.exec(result.stdout)?.[1];
  if (found === undefined) throw new RcloneError('rclone does not say its version', result);
  return found;
}

async function inStep(
  leg: Leg,
  remembered: Remembered,
  seen: Ahead['seen'],
): Promise<BisyncResult> {
  for (const side of ['workspace', 'cloud'] as const) {
    // rclone does not look at the times of some remotes: what changed without growing is shown to it.
    if (timesOf(leg.deps[side]) !== 'unused') continue;
    markChanged(remembered.sides[side], seen[side] ?? new Map());
  }
  // Where nothing was remembered there is nothing that could be deleted.
  const options = { ...ordinary(leg, remembered), force: remembered.sides.workspace.size === 0 };
  const outcome = await proceed(leg, options);
  if (!('stop' in outcome)) return outcome;
  switch (outcome.stop.kind) {
    case 'too-many-deletes':
    case 'all-changed':
      return judged(leg, outcome.stop, options);
    case 'empty':
      return oneSideEmpty(leg, outcome.stop.side, outcome.first, remembered);
    case 'nothing-remembered':
    case 'check-access':
    case 'needs-resync':
      return stoppedBy(leg, outcome.stop, outcome.first);
  }
}

type Proceeded = BisyncResult | { stop: BisyncStop; first: Attempt };

/** Plans where it is a dry run, else carries out. */
async function proceed(leg: Leg, options: AttemptOptions): Promise<Proceeded> {
  if (leg.order.dryRun) {
    const attempt = await attemptBisync(leg.deps, options);
    const { stop } = attempt.story;
    if (stop) return { stop, first: attempt };
    await correctStory(leg, attempt, options);
    return planned(leg, planFrom(attempt));
  }
  const ready = await rehearse(leg, options);
  if ('stop' in ready) return ready;
  if (ready.unchanged) return { ...planned(leg, createPlan({})), skipped: ready.skipped };
  const carried = await carryOut(ready.leg, ready.options);
  if ('stop' in carried) return carried;
  const { tally, last, timeUp } = carried;
  for (const path of ready.conflicts) tally.conflicts.add(path);
  const done = totals(tally);
  return {
    ...done,
    skipped: [...ready.skipped, ...done.skipped],
    plan: planOf(last.story, last.found),
    warnings: warningsOf(leg, tally.conflicts.size),
    timeUp,
  };
}

function planFrom({ story, found, result }: Attempt) {
  if (result.outcome !== 'done') throw bisyncError(result);
  return planOf(story, found);
}

/** rclone's own limits have stopped it: what it would do is worked out and held against ours. */
async function judged(leg: Leg, stop: BisyncStop, options: AttemptOptions): Promise<BisyncResult> {
  const { order } = leg;
  const look = { ...options, dryRun: true, force: true };
  const attempt = await attemptBisync(leg.deps, look);
  if (attempt.story.stop) return stoppedBy(leg, attempt.story.stop, attempt);
  const plan = planFrom(attempt);
  const sizes = options.remembered ? sizesOf(options.remembered) : { workspace: 0, cloud: 0 };
  const deletes = deletesOf(attempt.story);
  const blocked = guardDeletes(deletes, sizes, order.limits);
  if (blocked) return stopped(leg, blocked, plan);
  if (order.dryRun) return planned(leg, plan);
  // What was looked at may be deleted, and no more than that: rclone counts again.
  const limited = { ...options, maxDeletePercent: shareOf(deletes, sizes), force: false };
  const carried =
    stop.kind === 'all-changed'
      ? await withOneUnchanged(leg, limited)
      : await proceed(leg, limited);
  return 'stop' in carried ? stoppedBy(leg, carried.stop, carried.first) : carried;
}

/**
 * Where every file of a side was changed, rclone would go on only with `--force`, and then delete
 * whatever is gone by then, without any limit: it is given a file that has not changed instead.
 */
async function withOneUnchanged(leg: Leg, options: AttemptOptions): Promise<Proceeded> {
  if (!options.remembered) return proceed(leg, options);
  await placeOnBoth(leg);
  try {
    return await proceed(leg, {
      ...options,
      remembered: await withPlaced(leg, options.remembered),
    });
  } finally {
    await removeFromBoth(leg);
  }
}

function stoppedBy(leg: Leg, stop: BisyncStop, { result }: Attempt): BisyncResult {
  const reasons: Partial<Record<BisyncStop['kind'], RunReason>> = {
    'check-access': accessDenied(leg.order.agent),
    'needs-resync': needsResync(leg.order.agent, stop.kind === 'needs-resync' ? stop.message : ''),
  };
  const blocked = reasons[stop.kind];
  if (!blocked) throw bisyncError(result);
  return stopped(leg, blocked);
}

export type { BisyncDeps, BisyncOrder, BisyncResult } from './order.ts';
