import { epochOf, isoTime } from '../clock.ts';
import { monthOf } from '../cost/month.ts';
import type { Outcome } from './outcome.ts';
import { longestDelaySeconds } from './retry-delay.ts';
import type { NotificationState } from './state.ts';
import type { Credential } from './webhook.ts';

/** How many announced deliveries are remembered. */
const remembered = 1000;

/** Longer than the longest request: a reservation that has run out means a dead owner. */
export const reservationSeconds = 30;

/** How long to keep away from an agent that somebody else is posting to. */
export function contentionSeconds(window: number): number {
  return Math.min(reservationSeconds, Math.max(5, window));
}

/**
 * Seconds until the agent may be posted to; 0 for now. No wait is longer than its own kind can be,
 * whatever time another machine's clock wrote down.
 * @param window seconds in which one request at most is made
 */
export function waitSeconds(state: NotificationState, now: number, window: number): number {
  const since = (iso: string | undefined, cap: number): number =>
    iso === undefined ? 0 : Math.min(cap, Math.ceil((epochOf(iso) - now) / 1000));
  const windowEnd = state.lastPostedAt && isoTime(epochOf(state.lastPostedAt) + window * 1000);
  return Math.max(
    0,
    since(windowEnd, window),
    since(state.notBefore, longestDelaySeconds),
    since(state.reservation?.until, contentionSeconds(window)),
  );
}

/** The intent to post, written before it is done, so that a second poster keeps away. */
export function reserved(
  state: NotificationState,
  owner: string,
  attempt: { ids: string[]; startedAt: string },
  now: number,
): NotificationState {
  const until = isoTime(now + reservationSeconds * 1000);
  return { ...state, attempt, reservation: { owner, until } };
}

/** What is known when a request has ended. */
export interface Ending {
  owner: string;
  ids: readonly string[];
  outcome: Outcome;
  credential: Credential;
  now: number;
}

/** The state after a request. Somebody else's reservation is left to them. */
export function ended(state: NotificationState, ending: Ending): NotificationState {
  const { outcome, now, ids, owner } = ending;
  const reservation = state.reservation?.owner === owner ? undefined : state.reservation;
  const failures = state.consecutiveFailures + 1;
  const answered = { ...state, reservation, lastPostedAt: isoTime(now), attempt: undefined };
  switch (outcome.kind) {
    case 'delivered':
      return {
        ...answered,
        recent: remember(state.recent, ids),
        turns: oneMore(state.turns, monthOf(now)),
        consecutiveFailures: 0,
        notBefore: undefined,
        refused: undefined,
      };
    case 'permanent':
      return { ...answered, consecutiveFailures: failures };
    case 'unauthorized':
      return { ...answered, consecutiveFailures: failures, refused: ending.credential };
    case 'retry':
      return {
        ...state,
        reservation,
        consecutiveFailures: failures,
        notBefore: isoTime(now + outcome.afterSeconds * 1000),
      };
  }
}

/** Each request that a gateway has accepted is a turn of its agent. */
function oneMore(
  turns: NotificationState['turns'],
  month: string,
): NonNullable<NotificationState['turns']> {
  return { month, count: turns?.month === month ? turns.count + 1 : 1 };
}

/** The latest ids, and always the whole of the last announcement, however large it was. */
function remember(recent: readonly string[], ids: readonly string[]): string[] {
  const added = new Set(ids);
  const all = [...recent.filter((id) => !added.has(id)), ...added];
  return all.slice(-Math.max(remembered, added.size));
}

/** Whether a request with this secret to this address has been refused before. */
export function isRefused({ refused }: NotificationState, credential: Credential): boolean {
  return (
    refused?.secretVersion === credential.secretVersion && refused.target === credential.target
  );
}
