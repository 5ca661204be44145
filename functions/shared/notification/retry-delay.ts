import { epochOf } from '../clock.ts';

/**
 * The longest that a message can be put off. A queue counts twelve hours from when the message was
 * received, so the time that this attempt has taken must be left out.
 */
export const longestDelaySeconds = 12 * 3600 - 120;

const backOffBaseSeconds = 5;
const backOffCapSeconds = 900;

/** The only form of a date in which `Retry-After` is sent today; others are guesswork. */
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/u;

/**
 * Exponential back-off with full jitter.
 * @param failures how many requests in a row have failed, this one included
 * @param random from 0 up to but not including 1
 */
export function backOffSeconds(failures: number, random: () => number): number {
  const ceiling = Math.min(backOffCapSeconds, backOffBaseSeconds * 2 ** Math.max(0, failures - 1));
  return Math.max(1, Math.ceil(random() * ceiling));
}

/**
 * Seconds that a `Retry-After` header asks to wait, as seconds or as a date; `undefined` where there
 * is none, where it makes no sense, and where it asks for no wait at all.
 */
export function retryAfterSeconds(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  const seconds = /^\d+$/u.test(text) ? Number(text) : secondsUntil(text, now);
  return seconds !== undefined && seconds > 0 ? Math.min(seconds, longestDelaySeconds) : undefined;
}

function secondsUntil(text: string, now: number): number | undefined {
  if (!httpDate.test(text)) return undefined;
  const seconds = Math.ceil((epochOf(text) - now) / 1000);
  return Number.isNaN(seconds) ? undefined : seconds;
}
