import type { Side } from '../contract/index.ts';
import { isMissingFolder, parseListing } from '../rclone/listing.ts';
import { RcloneError } from '../rclone/session.ts';
import { createPlan } from '../runtime/plan.ts';
import { attemptBisync } from './attempt.ts';
import { carryOut } from './carry-out.ts';
import { bisyncError, lookForSide, ordinary, type Leg } from './leg.ts';
import type { BisyncResult } from './order.ts';
import { planForEmptySide, planOfResync } from './plan.ts';
import { accessDenied, marker, needsResync } from './reasons.ts';
import { totals } from './tally.ts';
import { planned, stopped, warningsOf } from './result.ts';

/**
 * Joins both sides anew: each gets what only the other has; of what both have the winner's version.
 * Nothing is deleted. It may be cut short and done again.
 */
export async function resync(leg: Leg): Promise<BisyncResult> {
  const { order } = leg;
  if (order.dryRun) return planResync(leg);
  await prepare(leg);
  const carried = await carryOut(leg, ordinary(leg, undefined));
  if ('stop' in carried) {
    const { stop, first } = carried;
    if (stop.kind === 'check-access') return stopped(leg, accessDenied(order.agent));
    if (stop.kind !== 'needs-resync') throw bisyncError(first.result);
    return stopped(leg, needsResync(order.agent, stop.message));
  }
  const { tally, timeUp } = carried;
  const changes = [...tally.copied].map(([path, { size, side }]) => ({ path, bytes: size, side }));
  return {
    ...totals(tally),
    plan: createPlan({ copy: changes }),
    warnings: warningsOf(leg, tally.conflicts.size),
    timeUp,
  };
}

async function planResync(leg: Leg): Promise<BisyncResult> {
  const [seen, there] = await Promise.all([
    lookForSide(leg, 'workspace'),
    lookForSide(leg, 'cloud'),
  ]);
  const sides = { workspace: seen?.files, cloud: there?.files };
  const { workspace = new Map<string, never>(), cloud = new Map<string, never>() } = sides;
  for (const side of ['workspace', 'cloud'] as const) {
    // rclone fails where a folder is missing; the real run makes it.
    if (sides[side]) continue;
    return planned(leg, planForEmptySide(side, new Map(), { workspace, cloud }));
  }
  // Markers that are missing would be made.
  const options = { ...ordinary(leg, undefined), checkAccess: false };
  const { story, result } = await attemptBisync(leg.deps, options);
  if (result.outcome !== 'done') throw bisyncError(result);
  return planned(leg, planOfResync(story, { workspace, cloud }));
}

/** Makes what bisync wants to find on both sides: the folder, and the marker where it is to look. */
async function prepare(leg: Leg): Promise<void> {
  await Promise.all([prepareSide(leg, 'workspace'), prepareSide(leg, 'cloud')]);
}

async function prepareSide(leg: Leg, side: Side): Promise<void> {
  const { session, ...deps } = leg.deps;
  const names = await namesOfSide(leg, side);
  if (!names) await makeFolder(leg, side);
  if (!leg.order.checkAccess || names?.has(marker)) return;
  await session.write({ remote: deps[side], path: marker }, text(markerText));
}

/** The files that lie directly in a side's folder, or `undefined` where there is no such folder. */
async function namesOfSide({ deps }: Leg, side: Side): Promise<ReadonlySet<string> | undefined> {
  const from = { remote: deps[side], path: '' };
  const result = await deps.session.run({ kind: 'list-files', from });
  if (isMissingFolder(result)) return undefined;
  if (result.outcome !== 'done') throw new RcloneError(`${side} cannot be listed`, result);
  return new Set(parseListing(result.stdout).files.map(({ path }) => path));
}

async function makeFolder({ deps }: Leg, side: Side): Promise<void> {
  const at = { remote: deps[side], path: '' };
  const result = await deps.session.run({ kind: 'make-folder', at });
  if (result.outcome !== 'done') throw new RcloneError(`${side} cannot be made`, result);
}

/** Some providers do not keep empty files. */
const markerText = 'workspace-sync looks for this file before it changes anything.\n';

// eslint-disable-next-line @typescript-eslint/require-await -- a stream of what is at hand
async function* text(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content);
}
