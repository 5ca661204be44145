import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkspaceSyncError } from '../errors.ts';
import type { Log } from '../telemetry.ts';
import { createAccount, type RcloneAccount } from './account.ts';
import { commandArguments, type RcloneCommand } from './command.ts';
import { outcomeOf, type RcloneOutcome } from './outcome.ts';
import { runProcess } from './process.ts';
import { rcloneConfig, type Remote } from './remote.ts';

/** How one command went. */
export interface RcloneResult {
  outcome: RcloneOutcome;
  exitCode: number | null;
  stdout: string;
  account: RcloneAccount;
}

/** rclone with its config file in a private folder, for the length of one run. */
export interface RcloneSession {
  run(command: RcloneCommand): Promise<RcloneResult>;
  /** Removes the folder and with it every secret that stood in it. */
  close(): Promise<void>;
}

export interface SessionOptions {
  binary: string;
  remotes: Remote[];
  log: Log;
  /** Milliseconds that are left for work; asked before each command. */
  remaining: () => number;
  temporaryFolder: string;
  /** Credentials of the function's own role, for remotes that use it. */
  env: Record<string, string>;
}

/** Commands shorter than this are not worth starting. */
const minimumMs = 1_000;

/** What a process may take to end after it was asked to. */
const graceMs = 8_000;

/** Opens a session: writes the config file, readable by us alone. */
export async function openSession(options: SessionOptions): Promise<RcloneSession> {
  const folder = await mkdtemp(join(options.temporaryFolder, 'run-'));
  const configFile = join(folder, 'rclone.conf');
  await writeFile(configFile, rcloneConfig(options.remotes), { mode: 0o600 });
  const redact = redactor(options.remotes, options.env);
  const env = { ...options.env, HOME: folder, RCLONE_CONFIG: configFile, RCLONE_CACHE_DIR: folder };

  return {
    async run(command) {
      const { args, files } = commandArguments(command);
      const { account, onLine } = createAccount(options.log, redact);
      const remaining = options.remaining();
      if (remaining < minimumMs) return timeUp(account);
      const result = await runProcess({
        file: options.binary,
        args,
        env,
        cwd: folder,
        onErrorLine: onLine,
        stopAfterMs: remaining,
        graceMs,
        ...(files === undefined ? {} : { stdin: files }),
      });
      return {
        outcome: outcomeOf(result.exitCode, result.stopped),
        exitCode: result.exitCode,
        stdout: result.stdout,
        account,
      };
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

function timeUp(account: RcloneAccount): RcloneResult {
  return { outcome: 'time-up', exitCode: null, stdout: '', account };
}

/** Option names whose values are not secret, though they may look like words in a log. */
const plainOptions = new Set(['type', 'provider', 'region', 'env_auth', 'vendor', 'scope']);

/** Replaces the values of the remotes' options wherever rclone repeats them. */
function redactor(remotes: Remote[], env: Record<string, string>): (text: string) => string {
  const secrets = [
    ...remotes.flatMap(({ options }) =>
      Object.entries(options).flatMap(([key, value]) =>
        plainOptions.has(key) ? [] : parts(value),
      ),
    ),
    env['AWS_SECRET_ACCESS_KEY'] ?? '',
    env['AWS_SESSION_TOKEN'] ?? '',
  ]
    .filter((secret) => secret.length >= 6)
    // A short one inside a longer one would leave the rest of it.
    .sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}

/** A token is a JSON text and an address has parts: each may appear on its own, and escaped. */
function parts(value: string): string[] {
  // A password may look like an address without being one: only `scheme://` is taken apart.
  if (/^[a-z][\w+.-]*:\/\//i.test(value) && URL.canParse(value)) {
    return partsOfUrl(new URL(value));
  }
  const words = value.startsWith('{') ? (value.match(/"((?:[^"\\]|\\.){6,})"/g) ?? []) : [];
  return [value, JSON.stringify(value).slice(1, -1), ...words.map((word) => word.slice(1, -1))];
}

/** Share links and signed addresses keep their secret in the path or the query. */
function partsOfUrl({ password, pathname, searchParams }: URL): string[] {
  const plain = [safelyDecoded(password), ...searchParams.values(), ...pathname.split('/')];
  return plain.flatMap((part) => [part, safelyDecoded(part), encodeURIComponent(part)]);
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What providers say when it is the credentials that are wrong: trying again is no help. */
const refused =
  /\b40[13]\b|unauthori[sz]ed|forbidden|access ?denied|invalid_grant|invalid_client|InvalidAccessKeyId|SignatureDoesNotMatch|expired_access_token|couldn't fetch token|unable to authenticate/i;

/** A command of rclone ended badly, in a way the caller does not handle. */
export class RcloneError extends WorkspaceSyncError {
  constructor(what: string, result: RcloneResult) {
    const last = result.account.errors.at(-1)?.message ?? `exit code ${result.exitCode ?? 'none'}`;
    const unauthorized = result.account.errors.some(({ message }) => refused.test(message));
    super(`${what}: ${last}`, {
      code: `rclone-${unauthorized ? 'unauthorized' : result.outcome}`,
      retryable: !unauthorized && ['retryable', 'time-up'].includes(result.outcome),
    });
  }
}
