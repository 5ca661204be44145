import type { RunPlan, RunReason } from '../contract/index.ts';
import { createPlan } from '../runtime/plan.ts';
import type { Leg } from './leg.ts';
import type { BisyncResult } from './order.ts';
import { createTally, totals } from './tally.ts';

/** A result without any change: what would be done. */
export function planned({ warnings }: Pick<Leg, 'warnings'>, plan: RunPlan): BisyncResult {
  return { ...totals(createTally()), plan, warnings, timeUp: false };
}

/** A result without any change: what stands in the way. */
export function stopped(
  leg: Pick<Leg, 'warnings'>,
  blocked: RunReason,
  plan: RunPlan = createPlan({}),
): BisyncResult {
  return { ...planned(leg, plan), blocked };
}
