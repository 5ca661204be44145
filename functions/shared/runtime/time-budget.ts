import type { Clock } from '../clock.ts';

/** How long a leg may work, and when the platform ends it. */
export interface TimeBudget {
  /** Epoch milliseconds at which the platform has killed this invocation for certain. */
  readonly deadline: number;
  /** Epoch milliseconds at which work has to have stopped, so that the rest can be put away. */
  readonly stopAt: number;
  /** Milliseconds that a whole leg has for work. */
  readonly legMs: number;
  /** Milliseconds left for work; never negative. */
  remaining(): number;
}

export interface TimeBudgetOptions {
  clock: Clock;
  /** What Lambda's context says is left. */
  contextRemainingMs: number;
  /** The function's configured timeout: some runtimes report a constant instead of what is left. */
  functionTimeoutMs: number;
  /** A shorter leg, for tests and for cautious operators. */
  legMs?: number;
  /** Epoch milliseconds at which the whole run has to be over. */
  runDeadline?: number;
}

/** What stopping, saving and reporting may take. */
const reserveMs = 20_000;

/** The time budget of an invocation that begins now. */
export function createTimeBudget(options: TimeBudgetOptions): TimeBudget {
  const { clock } = options;
  const start = clock.now();
  const allowed = Math.min(options.contextRemainingMs, options.functionTimeoutMs);
  const reserve = Math.min(reserveMs, allowed / 4);
  const legMs = Math.min(allowed - reserve, options.legMs ?? Infinity);
  const stopAt = Math.min(start + legMs, options.runDeadline ?? Infinity);
  return {
    deadline: start + allowed,
    stopAt,
    legMs,
    remaining: () => Math.max(0, stopAt - clock.now()),
  };
}
