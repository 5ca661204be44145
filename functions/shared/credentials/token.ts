import * as z from 'zod';
import { epochOf, isoTime } from '../clock.ts';

/** An OAuth token in the form in which rclone keeps it: one line of JSON. */
const tokenSchema = z.looseObject({
  access_token: z.string().default(''),
  refresh_token: z.string().min(1),
  expiry: z.string().optional(),
});

type Token = z.output<typeof tokenSchema>;

/** Go's zero time, and what has no time at all: such a token does not expire. */
const earliestExpiry = epochOf('1970-01-02T00:00:00Z');

/** Whether a text is a token that a provider exchanges for a new one. */
export function isRefreshable(text: string): boolean {
  return parsed(text) !== undefined;
}

/** Whether the access token ends before `time`, in epoch milliseconds, and can be refreshed. */
export function expiresBefore(text: string, time: number): boolean {
  const token = parsed(text);
  if (!token) return false;
  if (token.access_token === '') return true;
  const expiry = token.expiry === undefined ? 0 : epochOf(token.expiry);
  return expiry >= earliestExpiry && expiry < time;
}

/** When the access token ends, as ISO 8601; nothing where it does not end, or is no token. */
export function expiryOf(text: string): string | undefined {
  const expiry = epochOf(parsed(text)?.expiry ?? '');
  return expiry >= earliestExpiry ? isoTime(expiry) : undefined;
}

/** The same token as one that has expired, so that whoever uses it refreshes it first. */
export function asExpired(text: string): string {
  const token = parsed(text);
  if (!token) return text;
  const access = token.access_token || 'expired';
  return JSON.stringify({ ...token, access_token: access, expiry: '2000-01-01T00:00:00Z' });
}

/** Whether both exchange for new ones by the same refresh token. */
export function sameRefreshToken(one: string, other: string): boolean {
  return parsed(one)?.refresh_token === parsed(other)?.refresh_token;
}

/** The token in a section of an `rclone.conf`, as rclone writes it. */
export function tokenIn(config: string, section: string): string | undefined {
  const lines = config.split(/\r?\n/);
  const start = lines.indexOf(`[${section}]`);
  if (start < 0) return undefined;
  const end = lines.findIndex((line, index) => index > start && line.startsWith('['));
  const own = lines.slice(start, end < 0 ? undefined : end);
  return own.map((line) => /^token\s*=\s*(.*)$/.exec(line)?.[1]).find((text) => text !== undefined);
}

function parsed(text: string): Token | undefined {
  try {
    return tokenSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
