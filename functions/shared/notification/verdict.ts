import type { NotificationTask, QueuedMessage } from './message.ts';

/** Why a message is not tried again; `code` is stable, `message` is for people. */
export interface DeadReason {
  code: string;
  message: string;
}

/**
 * What becomes of a message.
 * - `handled`: its files have been announced, or need not be.
 * - `later`: it comes back after so many seconds.
 * - `dead`: it goes to the dead-letter queue.
 */
export type Fate =
  { kind: 'handled' } | { kind: 'later'; seconds: number } | { kind: 'dead'; reason: DeadReason };

/** A message and what becomes of it. */
export interface Verdict {
  message: QueuedMessage;
  fate: Fate;
}

/** The same fate for all of some tasks. */
export function verdicts(tasks: readonly NotificationTask[], fate: Fate): Verdict[] {
  return tasks.map(({ message }) => ({ message, fate }));
}

/**
 * The queue forgets a message after four days without a word. Before that it is given up, so that
 * somebody hears of it.
 */
const patienceMs = 3 * 24 * 3600 * 1000;

/** The verdict, or the end of a message that has waited, or would wait, for too long. */
export function withinPatience(verdict: Verdict, now: number): Verdict {
  const { message, fate } = verdict;
  if (fate.kind !== 'later' || message.sentAt === undefined) return verdict;
  if (now + fate.seconds * 1000 < message.sentAt + patienceMs) return verdict;
  return {
    message,
    fate: dead('webhook-unreachable', 'The webhook has not accepted it within three days.'),
  };
}

/** The end of a message, with its reason. */
export function dead(code: string, message: string): Fate {
  return { kind: 'dead', reason: { code, message } };
}
