import type { NotifyDependencies } from './dependencies.ts';
import { longestDelaySeconds } from './retry-delay.ts';
import type { Verdict } from './verdict.ts';

/**
 * Does to a message what was decided.
 * @returns whether the queue may forget it
 */
export async function settle(
  { message, fate }: Verdict,
  dependencies: NotifyDependencies,
): Promise<boolean> {
  const { queue, log } = dependencies;
  const { id } = message;
  try {
    switch (fate.kind) {
      case 'handled':
        return true;
      case 'later':
        await queue.putOff(message, queueDelay(fate.seconds));
        return false;
      case 'dead':
        await queue.bury(message, fate.reason);
        log.error('The notification went to the dead-letter queue', {
          id,
          code: fate.reason.code,
          reason: fate.reason.message,
        });
        return true;
    }
  } catch (error) {
    // The message stays and comes back in the queue's own time.
    log.error('The queue could not be told what becomes of a notification', { id, error });
    return false;
  }
}

/** A delay as the queue takes it: whole seconds within its limits. */
function queueDelay(seconds: number): number {
  return Math.min(longestDelaySeconds, Math.max(1, Math.ceil(seconds)));
}
