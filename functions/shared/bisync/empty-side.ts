import type { Side } from '../contract/index.ts';
import { createPlan } from '../runtime/plan.ts';
import type { Attempt, Remembered } from './attempt.ts';
import { carryOut } from './carry-out.ts';
import { guardEmpty } from './guard.ts';
import { bisyncError, ordinary, type Leg } from './leg.ts';
import type { BisyncResult } from './order.ts';
import { placeholder, placeOnBoth, removeFromBoth } from './placeholder.ts';
import { otherSide, planForEmptySide } from './plan.ts';
import { planned, stopped, warningsOf } from './result.ts';
import { totals } from './tally.ts';

/**
 * What to do where one side has no files: nothing, where the other has none either; block, where the
 * other's would be deleted; else what bisync does, with a file put into both sides meanwhile.
 */
export async function oneSideEmpty(
  leg: Leg,
  empty: Side,
  { found }: Attempt,
  remembered: Remembered,
): Promise<BisyncResult> {
  const full = otherSide(empty);
  if (found[full].size === 0) return planned(leg, createPlan({}));
  const plan = planForEmptySide(empty, remembered.sides[full], found);
  const { confirmDeletes } = leg.order.limits;
  const blocked = guardEmpty(empty, plan.totals.delete.files, confirmDeletes);
  if (blocked) return stopped(leg, blocked, plan);
  if (leg.order.dryRun) return planned(leg, plan);
  await placeOnBoth(leg);
  // Whatever was remembered of the empty side is gone, which is what has been looked at.
  const carried = await carryOut(leg, { ...ordinary(leg, remembered), force: true });
  if ('stop' in carried) throw bisyncError(carried.first.result);
  await removeFromBoth(leg);
  const { tally, timeUp } = carried;
  tally.copied.delete(placeholder);
  return {
    ...totals(tally),
    plan,
    warnings: warningsOf(leg, tally.conflicts.size),
    timeUp,
  };
}
