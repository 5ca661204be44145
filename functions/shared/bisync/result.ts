import type { RunPlan, RunReason } from '../contract/index.ts';
import { createPlan } from '../runtime/plan.ts';
import type { Leg } from './leg.ts';
import type { BisyncResult } from './order.ts';
import { createTally, totals } from './tally.ts';

/** A result without any change: what would be done. */
export function planned(leg: Leg, plan: RunPlan): BisyncResult {
  const warnings = warningsOf(leg, plan.totals.conflict.files);
  return { ...totals(createTally()), plan, warnings, timeUp: false };
}

/** What deserves attention: how conflicts are decided only where there are any. */
export function warningsOf({ order, warnings }: Leg, conflicts: number): string[] {
  return order.resync || conflicts > 0 ? warnings : [];
}

/** A result without any change: what stands in the way. */
export function stopped(
  leg: Leg,
  blocked: RunReason,
  plan: RunPlan = createPlan({}),
): BisyncResult {
  return { ...planned(leg, plan), blocked };
}
