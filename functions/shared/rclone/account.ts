import * as z from 'zod';
import type { Log } from '../telemetry.ts';
import { announcedWaitSeconds } from './trouble.ts';

const lineSchema = z.object({
  level: z.string(),
  msg: z.string(),
  object: z.string().optional(),
  objectType: z.string().optional(),
  size: z.number().optional(),
  stats: z
    .object({ bytes: z.number(), errors: z.number(), checks: z.number(), transfers: z.number() })
    .partial()
    .optional(),
});
type Line = z.infer<typeof lineSchema>;

/** A line of rclone's log, with names and messages as rclone wrote them: secrets may be in it. */
export type RcloneLine = Pick<Line, 'level' | 'msg' | 'object' | 'size'>;

/** What rclone itself says it has done: no listing is compared, no name is guessed. */
export interface RcloneAccount {
  /** Without copies inside one remote: those are half a move. */
  copied: { path: string; size: number }[];
  deleted: string[];
  moved: string[];
  /**
   * What went wrong and stayed so: of the last attempt; `path` where it concerns one file or folder.
   * `explainErrors` says it in sentences. After a listing, a `path` is a folder that could not be
   * listed: `partialListing` says what can still be relied upon, and what has to be done about it.
   */
  errors: { path?: string; message: string }[];
  /** Requests that were tried again, as far as they show at this log level. */
  retries: number;
  /** rclone's type of the remote that the command is about: errors are explained by it. */
  provider?: string;
  /** The longest wait that the provider has asked for, where it was one of seconds or more. */
  waitSeconds?: number;
}

/** How many errors are kept: enough to explain, few enough to carry. */
const maxErrors = 1_000;

/** Reads rclone's JSON log line by line, into an account of what it did and into our own log. */
export function createAccount(
  log: Log,
  redact: (text: string) => string,
  watch?: (line: RcloneLine) => void,
): { account: RcloneAccount; onLine: (line: string) => void } {
  const account: RcloneAccount = { copied: [], deleted: [], moved: [], errors: [], retries: 0 };
  return {
    account,
    onLine: (text) => {
      const line = parseLine(text);
      if (isNoise(line)) return;
      watch?.(line);
      // Names of files stay as they are: a secret may happen to be a word of theirs.
      const clean = { ...line, msg: redact(line.msg) };
      record(account, clean);
      writeLog(log, clean, redact);
    },
  };
}

function parseLine(text: string): Line {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch {
    // A crash or a library's own message: kept as it is.
    return { level: 'error', msg: text };
  }
}

function isNoise({ msg, stats }: Line): boolean {
  return stats !== undefined || msg.trim() === '' || /^Config file ".*" not found/.test(msg);
}

function record(account: RcloneAccount, line: Line): void {
  const { level, msg } = line;
  // What concerns a whole remote names the remote, which is no file's path.
  const object = line.objectType?.endsWith('.Fs') ? undefined : line.object;
  noteWait(account, line);
  if (level === 'debug') {
    if (msg.startsWith('low level retry')) account.retries++;
    return;
  }
  const [, number, last, end] = /^Attempt (\d+)\/(\d+) (failed|succeeded)/.exec(msg) ?? [];
  const goesOn =
    (end === 'failed' && number !== last) ||
    // bisync tries its copies again by itself.
    /^Received error: .* - retrying as --resilient/s.test(msg);
  if (goesOn || /low level retry|too_many_requests|rate ?limit/i.test(msg)) account.retries++;
  if (goesOn || end === 'succeeded') {
    account.errors = [];
    return;
  }
  if (level === 'error' || level === 'critical' || level === 'emergency') {
    if (account.errors.length < maxErrors) {
      account.errors.push({ ...(object ? { path: object } : {}), message: msg });
    }
    return;
  }
  noteEnd(account, line);
  if (object === undefined) return;
  if (/(^|\s)Copied \((?!server-side)/.test(msg)) {
    account.copied.push({ path: object, size: line.size ?? 0 });
  } else if (msg === 'Deleted') account.deleted.push(object);
  else if (msg.startsWith('Moved')) account.moved.push(object);
}

function noteWait(account: RcloneAccount, line: Line): void {
  const wait = announcedWaitSeconds(line);
  if (wait !== undefined) account.waitSeconds = Math.max(wait, account.waitSeconds ?? 0);
}

/** Some failures are told by nothing but rclone's last words, which are a mere notice. */
function noteEnd(account: RcloneAccount, { level, msg, object }: Line): void {
  if (level !== 'notice' || object !== undefined || account.errors.length > 0) return;
  const [, message] =
    /^Failed to [\w ]+(?: with \d+ errors: last error was)?: (.+)$/s.exec(msg) ?? [];
  if (message !== undefined) account.errors.push({ message });
}

function writeLog(log: Log, { level, msg, object }: Line, redact: (text: string) => string): void {
  const fields = object ? { object: redact(object) } : {};
  if (level === 'debug') log.debug(`rclone: ${msg}`, fields);
  else if (level === 'error' || level === 'critical') log.warn(`rclone: ${msg}`, fields);
  else log.info(`rclone: ${msg}`, fields);
}
