import { createPlan } from '../runtime/plan.ts';
import { attemptBisync } from './attempt.ts';
import { carryOut } from './carry-out.ts';
import { bisyncError, listSide, ordinary, type Leg } from './leg.ts';
import type { BisyncResult } from './order.ts';
import { planOfResync } from './plan.ts';
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
  if (order.checkAccess) await makeMarkers(leg);
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
  // Markers that are missing would be made.
  const options = { ...ordinary(leg, undefined), checkAccess: false };
  const { story, result } = await attemptBisync(leg.deps, options);
  if (result.outcome !== 'done') throw bisyncError(result);
  const [workspace, cloud] = [await listSide(leg, 'workspace'), await listSide(leg, 'cloud')];
  return planned(leg, planOfResync(story, { workspace, cloud }));
}

async function makeMarkers(leg: Leg): Promise<void> {
  for (const side of ['workspace', 'cloud'] as const) {
    if ((await listSide(leg, side)).has(marker)) continue;
    await leg.deps.session.write({ remote: leg.deps[side], path: marker }, text(markerText));
  }
}

/** Some providers do not keep empty files. */
const markerText = 'workspace-sync looks for this file before it changes anything.\n';

// eslint-disable-next-line @typescript-eslint/require-await -- a stream of what is at hand
async function* text(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content);
}
