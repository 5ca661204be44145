import { SecretsManagerServiceException } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../clock.ts';

/** For how long a call is tried again. */
export interface Patience {
  clock: Clock;
  /** Epoch milliseconds after which a fault is given up to. */
  until: number;
}

const firstPauseMs = 200;
const longestPauseMs = 5_000;

/** Bounds the attempts where the clock stands still. */
const maxAttempts = 100;

/**
 * Calls until it succeeds, with growing pauses.
 * @throws what the last call threw, once time is up, and at once where trying again is no help.
 */
export async function persistently<T>(
  { clock, until }: Patience,
  call: () => Promise<T>,
): Promise<T> {
  for (let number = 1; ; number++) {
    try {
      return await call();
    } catch (error) {
      const pause = Math.min(firstPauseMs * 2 ** (number - 1), longestPauseMs);
      const isLast = number >= maxAttempts || clock.now() + pause > until;
      if (isLast || !isTransient(error)) throw error;
      await clock.sleep(pause);
    }
  }
}

/** What is no answer of the service's, its own faults, and what it will not do so fast. */
function isTransient(error: unknown): boolean {
  if (!(error instanceof SecretsManagerServiceException)) return true;
  if (error.$fault === 'server' || error.$retryable !== undefined) return true;
  return /throttl|too ?many|request ?limit|time ?out|unavailable/i.test(error.name);
}
