import type { RunContext } from '../runtime/run.ts';
import type { LegTime } from '../snapshot/read/leg-over.ts';

/** What ending and reporting takes at least. */
const lastMs = 8_000;

/** The time of a leg, for work that goes file by file. */
export function legTime({ runtime, budget }: RunContext): LegTime {
  const span = budget.deadline - runtime.clock.now();
  const end = budget.deadline - Math.min(lastMs, span / 10);
  return {
    up: () => budget.remaining() === 0,
    out: () => runtime.clock.now() >= end,
  };
}
