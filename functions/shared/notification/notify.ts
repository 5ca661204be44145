import { metrics } from '../contract/index.ts';
import { announce } from './announce.ts';
import { dimensions, type NotifyDependencies } from './dependencies.ts';
import { type NotificationTask, parseMessage, type QueuedMessage } from './message.ts';
import { settle } from './settle.ts';
import { dead, type Verdict, verdicts, withinPatience } from './verdict.ts';

/** Stands for the agent of a message that cannot be read. */
const unknownAgent = 'unknown';

/**
 * Announces the files of a batch of messages, with at most one request for each agent. What happens
 * to one agent's messages changes nothing for another's.
 * @returns the ids of the messages that have to stay on the queue
 */
export async function notify(
  messages: readonly QueuedMessage[],
  dependencies: NotifyDependencies,
): Promise<string[]> {
  const { tasks, unreadable } = sort(messages);
  const groups = [...Map.groupBy(tasks, ({ agent }) => agent)];
  const stay = await Promise.all([
    settleAll(unknownAgent, unreadable, dependencies),
    ...groups.map(([agent, theirs]) => notifyAgent(agent, theirs, dependencies)),
  ]);
  return stay.flat();
}

function sort(messages: readonly QueuedMessage[]): {
  tasks: NotificationTask[];
  unreadable: Verdict[];
} {
  const tasks: NotificationTask[] = [];
  const unreadable: Verdict[] = [];
  for (const message of messages) {
    const parsed = parseMessage(message);
    if ('task' in parsed) tasks.push(parsed.task);
    else unreadable.push({ message, fate: dead('message-unreadable', parsed.problem) });
  }
  return { tasks, unreadable };
}

async function notifyAgent(
  agent: string,
  tasks: readonly NotificationTask[],
  dependencies: NotifyDependencies,
): Promise<string[]> {
  try {
    const decided = await announce(agent, tasks, dependencies);
    const now = dependencies.clock.now();
    const final = decided.map((verdict) => withinPatience(verdict, now));
    return await settleAll(agent, final, dependencies);
  } catch (error) {
    if (isPermanent(error)) {
      const fate = dead(error.code, error.message);
      return settleAll(agent, verdicts(tasks, fate), dependencies);
    }
    dependencies.log.error('Notifying an agent failed', { agent, error });
    return tasks.map(({ message }) => message.id);
  }
}

async function settleAll(
  agent: string,
  decided: readonly Verdict[],
  dependencies: NotifyDependencies,
): Promise<string[]> {
  if (decided.some(({ fate }) => fate.kind === 'dead')) {
    dependencies.emit(metrics.notificationFailed, 1, dimensions(agent));
  }
  const settled = await Promise.all(
    decided.map(async (verdict) => ({ verdict, done: await settle(verdict, dependencies) })),
  );
  return settled.filter(({ done }) => !done).map(({ verdict }) => verdict.message.id);
}

/** A fault of the configuration or the secrets: the same call cannot succeed until it is mended. */
function isPermanent(error: unknown): error is Error & { code: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    'retryable' in error &&
    error.retryable === false
  );
}
