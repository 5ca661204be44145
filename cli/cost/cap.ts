import type { DeploymentConfig } from '../../functions/shared/config/index.ts';
import { pauseOf, type Budget } from '../../functions/shared/cost/index.ts';
import type { Account } from './text.ts';

/**
 * The cap of a month and the pause by it. The record of a pause outlives its month and its cap, so the
 * configuration has the word where there is one.
 */
export function capOfMonth(
  budget: Budget | undefined,
  month: string,
  config: Pick<DeploymentConfig, 'monthlyCap'> | undefined,
): Pick<Account, 'cap' | 'paused'> {
  const recorded = budget?.month === month ? budget.cap : undefined;
  const cap = config ? config.monthlyCap : recorded;
  if (cap === undefined || cap <= 0) return {};
  const paused = pauseOf(budget, cap, month);
  return { cap, ...(paused ? { paused } : {}) };
}
