import { isoTime } from '../clock.ts';
import { metrics } from '../contract/index.ts';
import type { NotifyDependencies } from './dependencies.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { webhookRequest } from './request.ts';
import type { Selection } from './selection.ts';
import { changeState, replaceState, type LoadedState } from './state.ts';
import { ended, reserved, type Ending } from './transitions.ts';
import { dimensions } from './dependencies.ts';
import { secretsOf, type ReadyWebhook } from './webhook.ts';

/** What one request is made of. */
export interface Attempt {
  agent: string;
  ready: ReadyWebhook;
  loaded: LoadedState;
  selection: Selection;
}

/**
 * Makes one request, with the intent written down before it and the outcome after it. A crash in
 * between costs a repeated request at most, and no later than when the reservation runs out.
 * @returns `contended` where somebody else wrote to the agent's state first; nothing was sent
 */
export async function attemptPost(
  { agent, ready, loaded, selection }: Attempt,
  dependencies: NotifyDependencies,
): Promise<Outcome | 'contended'> {
  const { clock, store, post, random, newOwner } = dependencies;
  const { deliveries } = selection;
  const startedAt = selection.startedAt ?? isoTime(clock.now());
  // Settings that make no request throw here, before anything is written.
  const request = webhookRequest(ready.webhook, { agent, deliveries, startedAt }, clock.now());

  const owner = newOwner();
  const ids = deliveries.map(({ id }) => id);
  const intent = reserved(loaded.state, owner, { ids, startedAt }, clock.now());
  if (!(await replaceState(store, agent, intent, loaded.etag))) return 'contended';

  const answer = await post(request);
  const outcome = outcomeOf(answer, {
    earlierFailures: loaded.state.consecutiveFailures,
    now: clock.now(),
    random,
    secrets: secretsOf(ready.webhook),
  });
  const { credential } = ready;
  tell(agent, ids.length, outcome, dependencies);
  await record(agent, { owner, ids, outcome, credential, now: clock.now() }, dependencies);
  return outcome;
}

/**
 * Writes the outcome down. A fault here must not undo what the answer said: a message that was
 * accepted would be announced again.
 */
async function record(
  agent: string,
  ending: Ending,
  { store, log }: NotifyDependencies,
): Promise<void> {
  try {
    await changeState(store, agent, (state) => ended(state, ending));
  } catch (error) {
    log.error('The outcome of a notification could not be recorded', { agent, error });
  }
}

function tell(
  agent: string,
  files: number,
  outcome: Outcome,
  { log, emit }: NotifyDependencies,
): void {
  switch (outcome.kind) {
    case 'delivered':
      log.info('Notified', { agent, files });
      emit(metrics.notified, 1, dimensions(agent));
      break;
    case 'retry': {
      const { reason, afterSeconds } = outcome;
      log.warn('The notification will be tried again', { agent, files, reason, afterSeconds });
      emit(metrics.notificationDelayed, 1, {});
      break;
    }
    case 'permanent':
    case 'unauthorized':
      log.error('The notification was refused', { agent, files, reason: outcome.reason });
      break;
  }
}
