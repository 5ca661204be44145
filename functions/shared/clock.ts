/**
 * The one place that asks what time it is.
 *
 * Everything that depends on time takes a {@link Clock}, so that tests can hold it still.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `ms` milliseconds, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    const { setTimeout } = await import('node:timers/promises');
    await setTimeout(ms, undefined, signal ? { signal } : {});
  },
};

/** ISO 8601 in UTC with milliseconds, as every record of this project writes a time. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** Milliseconds since the epoch of an ISO 8601 text; `NaN` where it is not one. */
export function epochOf(iso: string): number {
  return Date.parse(iso);
}
