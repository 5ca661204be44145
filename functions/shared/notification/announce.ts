import type { WebhookConfig } from '../config/index.ts';
import { attemptPost } from './attempt.ts';
import type { NotifyDependencies } from './dependencies.ts';
import type { NotificationTask } from './message.ts';
import type { Outcome } from './outcome.ts';
import { freshTasks, selectFiles } from './selection.ts';
import { loadState, type LoadedState } from './state.ts';
import { contentionSeconds, isRefused, waitSeconds } from './transitions.ts';
import { dead, type Fate, type Verdict, verdicts } from './verdict.ts';
import { readyWebhook } from './webhook.ts';

/**
 * Tells one agent of its files with at most one request, and says what becomes of the messages.
 *
 * Nothing is done to the messages here: whatever this fails with, they are still on the queue.
 */
export async function announce(
  agent: string,
  tasks: readonly NotificationTask[],
  dependencies: NotifyDependencies,
): Promise<Verdict[]> {
  const { webhook } = await dependencies.agentConfig(agent);
  if (!webhook) {
    dependencies.log.warn('The agent has no webhook: its receipts tell of the files', { agent });
    return verdicts(tasks, { kind: 'handled' });
  }
  const loaded = await loadState(dependencies.store, agent);
  const { known, fresh } = freshTasks(tasks, loaded.state);
  const handled = verdicts(known, { kind: 'handled' });
  if (fresh.length === 0) return handled;
  return [...handled, ...(await announceFresh({ agent, webhook, loaded, fresh }, dependencies))];
}

/** Files that have not been announced, and what is known of their agent. */
interface FreshFiles {
  agent: string;
  webhook: WebhookConfig;
  loaded: LoadedState;
  fresh: NotificationTask[];
}

async function announceFresh(
  { agent, webhook, loaded, fresh }: FreshFiles,
  dependencies: NotifyDependencies,
): Promise<Verdict[]> {
  const { window } = webhook;
  const wait = waitSeconds(loaded.state, dependencies.clock.now(), window);
  if (wait > 0) return verdicts(fresh, { kind: 'later', seconds: wait });

  const ready = await readyWebhook(agent, webhook, dependencies.secrets);
  if (isRefused(loaded.state, ready.credential)) return verdicts(fresh, refusedEarlier);

  const selection = selectFiles(fresh, loaded.state);
  const outcome = await attemptPost({ agent, ready, loaded, selection }, dependencies);
  if (outcome === 'contended') {
    return verdicts(fresh, { kind: 'later', seconds: contentionSeconds(window) });
  }
  return [
    ...verdicts(selection.tasks, fateAfter(outcome)),
    ...verdicts(selection.others, { kind: 'later', seconds: Math.max(1, window) }),
  ];
}

/** How an operator gets an agent's notifications going again after a refusal. */
const remedy =
  'No further request is made with this version of the secret: store the right one with ' +
  '"aws secretsmanager put-secret-value", then send the dead letters on.';

const refusedEarlier = dead(
  'webhook-unauthorized',
  `An earlier request with the same secret was refused. ${remedy}`,
);

function fateAfter(outcome: Outcome): Fate {
  switch (outcome.kind) {
    case 'delivered':
      return { kind: 'handled' };
    case 'retry':
      return { kind: 'later', seconds: outcome.afterSeconds };
    case 'permanent':
      return dead('webhook-rejected', outcome.reason);
    case 'unauthorized':
      return dead('webhook-unauthorized', `${outcome.reason} ${remedy}`);
  }
}
