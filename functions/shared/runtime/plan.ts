import { changes, type Change, type PlannedChange, type RunPlan } from '../contract/index.ts';

/** Names of each kind that a plan carries; more are counted. */
const maxNames = 1_000;

/** A plan of these changes: all of them are counted, the first of each kind are named. */
export function createPlan(lists: Partial<Record<Change, PlannedChange[]>>): RunPlan {
  const of = (change: Change): PlannedChange[] => lists[change] ?? [];
  const all = <T>(value: (change: Change) => T): Record<Change, T> =>
    Object.fromEntries(changes.map((change) => [change, value(change)])) as Record<Change, T>;
  return {
    ...all((change) => of(change).slice(0, maxNames)),
    totals: all((change) => ({
      files: of(change).length,
      bytes: of(change).reduce((sum, { bytes }) => sum + bytes, 0),
    })),
  };
}
