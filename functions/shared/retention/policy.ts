import type { BackupConfig } from '../config/backup.ts';
import { WorkspaceSyncError } from '../errors.ts';

/** How many of the newest snapshots to keep, one for each period; absent and 0 mean none. */
export interface Policy {
  /** Newest snapshots, whatever their age. */
  last?: number | undefined;
  hourly?: number | undefined;
  daily?: number | undefined;
  weekly?: number | undefined;
  monthly?: number | undefined;
  yearly?: number | undefined;
  /** Every snapshot that is less than this older than the newest one: `14d`, `1y5m7d2h`. */
  within?: string | undefined;
}

/** A length of time in the calendar's own units: how long a month is depends on which one. */
export interface CalendarSpan {
  years: number;
  months: number;
  days: number;
  hours: number;
}

/** Rules that keep a number of snapshots, from the finest to the coarsest. */
export const countedRules = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

/** The policy that a configuration asks for: `7` keeps the newest seven. */
export function policyOf(retain: BackupConfig['retain']): Policy {
  return typeof retain === 'number' ? { last: retain } : retain;
}

/**
 * Whether a policy has no rule that could keep anything.
 * @throws RetentionPolicyError where a rule has a value that means nothing.
 */
export function keepsNothing(policy: Policy): boolean {
  return countedRules.every((rule) => slotsOf(policy, rule) === 0) && !spanWithin(policy);
}

/**
 * How many snapshots a rule keeps.
 * @throws RetentionPolicyError for anything but a whole number from 0.
 */
export function slotsOf(policy: Policy, rule: (typeof countedRules)[number]): number {
  const slots = policy[rule] ?? 0;
  if (Number.isSafeInteger(slots) && slots >= 0) return slots;
  throw new RetentionPolicyError(rule, slots, 'a whole number from 0, such as 7');
}

/**
 * The span of `within`, if there is one that is longer than nothing. Weeks are seven days, and a
 * unit that is given twice counts twice.
 * @throws RetentionPolicyError where it is not a duration.
 */
export function spanWithin({ within }: Policy): CalendarSpan | undefined {
  if (within === undefined) return undefined;
  if (!/^(?:\d+[hdwmy])+$/.test(within)) {
    const allowed = 'a duration such as "14d" (h hours, d days, w weeks, m months, y years)';
    throw new RetentionPolicyError('within', within, allowed);
  }
  const total = { y: 0, m: 0, w: 0, d: 0, h: 0 };
  for (const [, amount, unit] of within.matchAll(/(\d+)([hdwmy])/g)) {
    total[unit as keyof typeof total] += Number(amount);
  }
  const { y: years, m: months, h: hours } = total;
  const span = { years, months, days: total.d + 7 * total.w, hours };
  return Object.values(span).some((amount) => amount > 0) ? span : undefined;
}

/** A rule of a policy has a value that it cannot have; nothing is removed by such a policy. */
export class RetentionPolicyError extends WorkspaceSyncError {
  constructor(rule: string, value: unknown, allowed: string) {
    super(`backup.retain.${rule} is ${JSON.stringify(value)}. Set it to ${allowed}.`, {
      code: 'retention-policy',
      retryable: false,
    });
  }
}
