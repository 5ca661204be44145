/** What a deployment costs: before it is there, from what its runs have used, and against its cap. */
export { type Assumptions, defaultAssumptions } from './assumptions.ts';
export {
  type Budget,
  checkBudget,
  dollarText,
  heldBack,
  pausedText,
  pauseOf,
  usagesOf,
} from './budget.ts';
export { costOf, costOfRuns, elapsedShare, type UsageRecord } from './cost-of.ts';
export { type Estimated, estimateMonth, turnsPerMonth } from './estimate.ts';
export { type CostLine, totalOf } from './line.ts';
export { monthOf, monthUsageSchema } from './month.ts';
export { notCounted } from './not-counted.ts';
export { prices } from './prices.ts';
