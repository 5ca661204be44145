import type { Answer } from './post.ts';
import { quoteText } from './quote.ts';
import { backOffSeconds, retryAfterSeconds } from './retry-delay.ts';

/**
 * What an answer means for the messages that were announced.
 * - `delivered`: the receiver has it.
 * - `retry`: the same request may succeed after so many seconds.
 * - `permanent`: it never will.
 * - `unauthorized`: no request with this secret will. A gateway locks out a client that goes on.
 */
export type Outcome =
  | { kind: 'delivered' }
  | { kind: 'retry'; afterSeconds: number; reason: string }
  | { kind: 'permanent'; reason: string }
  | { kind: 'unauthorized'; reason: string };

/** What the meaning of an answer depends on besides the answer. */
export interface OutcomeContext {
  /** Requests in a row that failed before this one. */
  earlierFailures: number;
  now: number;
  random: () => number;
  /** Values that must not be repeated in a reason. */
  secrets: readonly string[];
}

/** Below 500, the answers after which the same request may still succeed. */
const retryable = [408, 409, 425, 429];

/** Reads an answer. Pure but for the random source. */
export function outcomeOf(answer: Answer, context: OutcomeContext): Outcome {
  const reason = describe(answer, context.secrets);
  if (answer.kind === 'unanswered') return retry(reason, undefined, context);
  const { status, retryAfter } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 401 || status === 403) return { kind: 'unauthorized', reason };
  if (status >= 500 || retryable.includes(status)) return retry(reason, retryAfter, context);
  return { kind: 'permanent', reason };
}

function retry(reason: string, header: string | undefined, context: OutcomeContext): Outcome {
  const { earlierFailures, now, random } = context;
  const afterSeconds =
    retryAfterSeconds(header, now) ?? backOffSeconds(earlierFailures + 1, random);
  return { kind: 'retry', afterSeconds, reason };
}

function describe(answer: Answer, secrets: readonly string[]): string {
  if (answer.kind === 'unanswered') return `The webhook did not answer: ${answer.code}.`;
  const { status, body } = answer;
  const note = status >= 300 && status < 400 ? ' Redirects are not followed.' : '';
  return `The webhook answered ${status}${excerpt(body, secrets)}.${note}`;
}

const excerptLimits = { characters: 200, units: 300 };

/** Enough of a secret to call it one. */
const telltaleLength = 6;

/** The beginning of the body, unless it repeats what it must not: a receiver can echo the request. */
function excerpt(body: string, secrets: readonly string[]): string {
  if (body.trim() === '') return '';
  const echoes = secrets.some((secret) => body.includes(secret.slice(0, telltaleLength)));
  return echoes ? ' (body withheld: it repeats a secret)' : ` ${quoteText(body, excerptLimits)}`;
}
