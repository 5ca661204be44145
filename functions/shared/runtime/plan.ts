import { changes, type Change, type PlannedChange, type RunPlan } from '../contract/index.ts';

/** Names of each kind that a plan carries; more are counted. */
const maxNames = 1_000;

/** A plan of these changes: all of them are counted, the first of each kind are named. */
export function createPlan(lists: Partial<Record<Change, PlannedChange[]>>): RunPlan {
  const of = (change: Change): PlannedChange[] => lists[change] ?? [];
  return {
    ...ofEach((change) => of(change).slice(0, maxNames)),
    totals: ofEach((change) => ({
      files: of(change).length,
      bytes: sum(of(change).map(({ bytes }) => bytes)),
    })),
  };
}

/** One plan of several. */
export function mergePlans(...plans: RunPlan[]): RunPlan {
  return {
    ...ofEach((change) => plans.flatMap((plan) => plan[change]).slice(0, maxNames)),
    totals: ofEach((change) => ({
      files: sum(plans.map(({ totals }) => totals[change].files)),
      bytes: sum(plans.map(({ totals }) => totals[change].bytes)),
    })),
  };
}

function ofEach<T>(value: (change: Change) => T): Record<Change, T> {
  return Object.fromEntries(changes.map((change) => [change, value(change)])) as Record<Change, T>;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
