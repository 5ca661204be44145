import { visible } from '../deceptive.ts';
import { cureFor, nameOf } from './providers.ts';

/**
 * What kind of trouble it is.
 * - `reconnect`: the credentials are not accepted; somebody has to log in again.
 * - `quota-full`: there is no room; somebody has to make some.
 * - `rate-limited`: later, and not at once.
 * - `name-refused`: the provider takes no file of this name; the others are not affected.
 * - `too-large`: the provider takes no file of this size; the others are not affected.
 * - `permission`: the credentials are accepted and may not do this.
 * - `vanished`: it was listed and is not there (any more); the others are not affected.
 * - `network`: no connection, or a server that fails.
 * - `cancelled`: it was not tried, because of another trouble.
 * - `other`: rclone's own words have to do.
 */
export type TroubleCode = keyof typeof sentences;

/** A trouble in words that the operator can act upon. */
export interface Trouble {
  code: TroubleCode;
  /** Whether it may pass without anybody changing anything. */
  retryable: boolean;
  /** Not before this many seconds, where the provider has said so. */
  retryAfterSeconds?: number;
  /** One line: the file, quoted, what is wrong and what cures it. It has no secret the message has not. */
  sentence: string;
}

/** What rclone said of a failure. */
export interface RcloneMessage {
  message: string;
  /** The file or folder, where it concerns one. */
  path?: string;
  /** rclone's type of the remote, such as `drive`; the cure depends on it. */
  provider?: string;
}

/** Waits that a provider asks for are sat out up to this many seconds. */
export const longestWaitSeconds = 60;

/** What rclone's message means. Pure: the same words have the same meaning. */
export function troubleOf(said: RcloneMessage): Trouble {
  const { code } = rules.find(({ pattern }) => pattern.test(said.message)) ?? { code: 'other' };
  const wait = announcedWaitSeconds({ msg: said.message });
  return {
    code,
    retryable: passing.has(code),
    ...(wait === undefined ? {} : { retryAfterSeconds: Math.ceil(wait) }),
    sentence: sentences[code](said),
  };
}

/** What went wrong in a command, file by file; the echoes that rclone makes of it are left out. */
export function explainErrors({
  errors,
  provider,
}: FailedAccount): (Trouble & { path?: string })[] {
  const telling = errors.filter(({ message }) => !echo.test(message));
  return (telling.length > 0 ? telling : errors.slice(-1)).map((error) => ({
    ...(error.path === undefined ? {} : { path: error.path }),
    ...troubleOf({ ...error, ...(provider === undefined ? {} : { provider }) }),
  }));
}

/** The trouble that explains a whole command best: what stops everything comes first. */
export function worstTrouble(account: FailedAccount): Trouble | undefined {
  const codes = rules.map(({ code }) => code);
  const rank = ({ code }: Trouble): number =>
    (codes.indexOf(code) + codes.length + 1) % (codes.length + 1);
  return explainErrors(account).sort((a, b) => rank(a) - rank(b))[0];
}

/** The part of an account that tells of failures. */
interface FailedAccount {
  errors: { path?: string; message: string }[];
  provider?: string;
}

/** Said once more of what has been said for each file. */
const echo =
  /^(Attempt \d+\/\d+ failed|Cancelling sync due to fatal error|Fatal error received|Can't retry any|sync batch commit: )/;

/** In order of weight: the first that matches is the meaning. */
const rules: { code: TroubleCode; pattern: RegExp }[] = [
  {
    code: 'reconnect',
    pattern:
      /invalid_grant|invalid_client|couldn't fetch token|empty token|expired_access_token|invalid_access_token|InvalidAuthenticationToken|authError|401 Unauthorized|Error 401|\(401\)|StatusCode: 401|InvalidAccessKeyId|SignatureDoesNotMatch|unable to authenticate|Login incorrect|\b530 |couldn't decrypt password/i,
  },
  {
    code: 'quota-full',
    pattern:
      /insufficient_space|quotaLimitReached|storageQuotaExceeded|storage_limit_exceeded|teamDriveFileLimitExceeded|507 Insufficient|Insufficient Storage|no space left on device|disk quota exceeded/i,
  },
  {
    code: 'rate-limited',
    pattern:
      /too_many_requests|too_many_write_operations|rateLimitExceeded|rate_limit_exceeded|activityLimitReached|429 Too Many|\(429\)|Error 429|StatusCode: 429|SlowDown/i,
  },
  {
    code: 'name-refused',
    pattern:
      /disallowed_name|malformed_path|is disallowed - not uploading|file ?name too long|item_name_(?:invalid|too_long)|pathIsTooLong|KeyTooLong|The name in the provided request|Invalid value for name|illegal name/i,
  },
  {
    code: 'too-large',
    pattern:
      /payload_too_large|maxFileSizeExceeded|uploadTooLarge|file_size_limit_exceeded|EntityTooLarge|413 Request Entity|file too large/i,
  },
  {
    code: 'permission',
    pattern:
      /no_(?:write_)?permission|access_?denied|insufficientFilePermissions|403 Forbidden|Error 403|\(403\)|StatusCode: 403|permission denied|405 Method Not Allowed|read.only file system|\b55[03] .*(?:permission|denied|not allowed)/i,
  },
  {
    code: 'vanished',
    pattern:
      /not_found|itemNotFound|, notFound|(?:object|directory) not found|no such file or directory|file does not exist|NoSuchKey|failed to open source object: .*404 Not Found/i,
  },
  { code: 'cancelled', pattern: /context canceled/ },
  {
    code: 'network',
    pattern:
      /connection (?:refused|reset)|no such host|timeout|deadline exceeded|unexpected EOF|: EOF|network is unreachable|no route to host|broken pipe|Internal Server Error|internal_server_error|backendError|generalException|50[234] |StatusCode: 50\d/i,
  },
];

const passing = new Set<TroubleCode>(['rate-limited', 'vanished', 'network', 'cancelled', 'other']);

const sentences = {
  reconnect: (said: RcloneMessage): string =>
    `${nameOf(said)} does not accept the credentials: ${cureFor(said)} ${words(said)}`,
  'quota-full': (said: RcloneMessage): string =>
    `${what(said)} was not stored: ${nameOf(said)} has no room left. Make room there or get more; the next run sends what is missing. ${words(said)}`,
  'rate-limited': (said: RcloneMessage): string =>
    `${nameOf(said)} wants fewer requests for a while; the work goes on later by itself. ${words(said)}`,
  'name-refused': (said: RcloneMessage): string =>
    `${what(said)} was not stored: ${nameOf(said)} takes no file of this name. Rename it, or add it to "exclude". ${words(said)}`,
  'too-large': (said: RcloneMessage): string =>
    `${what(said)} was not stored: it is larger than ${nameOf(said)} takes. Divide it, or add it to "exclude". ${words(said)}`,
  permission: (said: RcloneMessage): string =>
    `${what(said)} is not allowed to these credentials at ${nameOf(said)}. Give them the right to read and write there, or choose another folder. ${words(said)}`,
  vanished: (said: RcloneMessage): string =>
    `${what(said)} was listed and is not there; nothing was changed because of it, and the next run looks again. ${words(said)}`,
  network: (said: RcloneMessage): string =>
    `${what(said)} failed on the way to ${nameOf(said)}; the next run tries again. ${words(said)}`,
  cancelled: (said: RcloneMessage): string =>
    `${what(said)} was not tried any more, because something else had failed.`,
  other: (said: RcloneMessage): string =>
    said.path === undefined ? plain(said.message) : `${what(said)}: ${plain(said.message)}`,
};

function what({ path }: RcloneMessage): string {
  return path === undefined ? 'What was asked for' : visible(JSON.stringify(path));
}

const maxWords = 300;

function words({ message }: RcloneMessage): string {
  return `(${plain(message)})`;
}

/** On one line, and short enough to be carried about. */
function plain(message: string): string {
  const line = visible(message.replace(/\s+/g, ' ').trim());
  if (line.length <= maxWords) return line;
  // What matters stands at either end, what is long in between.
  return `${line.slice(0, maxWords / 2)}…${line.slice(-maxWords / 2)}`;
}

/**
 * How long rclone is about to wait because the provider has asked for it. Dropbox's waits show in
 * every log, those of others in the lines of their pacers, which are written for debugging only.
 */
export function announcedWaitSeconds(line: {
  msg: string;
  object?: string | undefined;
}): number | undefined {
  const [, seconds] = /[Tt]oo many requests.* Trying again in (\d+) seconds/.exec(line.msg) ?? [];
  if (seconds !== undefined) return Number(seconds);
  const [, retried] = /: trying again in ((?:[\d.]+[hmsµn]+)+)/.exec(line.msg) ?? [];
  const [, slept] =
    /^Received retry after error - sleeping until \S+ \((\S+)\)/.exec(line.msg) ?? [];
  const duration = retried ?? slept;
  return duration === undefined ? undefined : secondsOf(duration);
}

const unitSeconds: Record<string, number> = { h: 3_600, m: 60, s: 1, ms: 1e-3, µs: 1e-6, ns: 1e-9 };

/** Go's way to write a duration: `5m0s`. */
function secondsOf(duration: string): number {
  const parts = [...duration.matchAll(/([\d.]+)([hmsµn]+)/g)];
  return parts.reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * (unitSeconds[unit] ?? 0),
    0,
  );
}
