import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { watchConfig } from '../credentials/config-watch.ts';
import { tokenIn } from '../credentials/token.ts';
import { WorkspaceSyncError } from '../errors.ts';
import type { Log } from '../telemetry.ts';
import { createAccount, type RcloneAccount, type RcloneLine } from './account.ts';
import { commandArguments, type Place, type RcloneCommand } from './command.ts';
import { outcomeOf, type RcloneOutcome } from './outcome.ts';
import { runProcess, startServer, streamProcess, type ProcessEnd } from './process.ts';
import { redactor } from './redact.ts';
import { nameOf } from './providers.ts';
import { rcloneConfig, remoteFolder, type Remote } from './remote.ts';
import {
  announcedWaitSeconds,
  longestWaitSeconds,
  worstTrouble,
  type TroubleCode,
} from './trouble.ts';

/** How one command went. */
export interface RcloneResult {
  outcome: RcloneOutcome;
  exitCode: number | null;
  stdout: string;
  account: RcloneAccount;
  /**
   * With the outcome `rate-limited`: how long the provider wants to be left alone. Nobody should be
   * paid for waiting so long: end the run as one that is not finished, and go on after this time.
   */
  retryAfterSeconds?: number;
}

/** What one command needs besides. */
export interface RunCare {
  /** Sees each line of the log, as rclone wrote it. */
  watch?: (line: RcloneLine) => void;
  /** It has to put away what it knows before it ends: it is asked to stop while there is time. */
  slowToStop?: true;
}

/** rclone with its config file in a private folder, for the length of one run. */
export interface RcloneSession {
  run(command: RcloneCommand, care?: RunCare): Promise<RcloneResult>;
  /**
   * Writes one file as a stream, no faster than the remote takes it; it replaces what is there.
   * Where the bytes throw, rclone is killed, so that it never takes their end for a whole file; some
   * remotes keep what had arrived. rclone cannot try a stream again.
   * @throws RcloneError, also when time is up; whatever the bytes throw.
   */
  write(to: Place, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /**
   * The bytes of one file, or of a part of it, no faster than they are taken. Remotes that keep
   * nothing but objects answer for a file that is not there as for an empty folder: with nothing.
   * @throws RcloneError, at the latest in the place of the end.
   */
  read(from: Place, range?: { offset: number; length: number }): AsyncIterable<Buffer>;
  /**
   * Serves a remote by HTTP on a socket in the private folder until it is stopped or time is up.
   * It may take a moment until the socket is there.
   */
  serve(from: Place): RcloneServer;
  /** Its private folder, which only we may enter; `close` removes it. */
  readonly folder: string;
  /** Removes the folder and with it every secret that stood in it. */
  close(): Promise<void>;
}

/** rclone's own server of files and operations. */
export interface RcloneServer {
  /** Where it listens, as soon as it does. */
  socket: string;
  /** The remote as its calls have to name it, whatever its own name and folder look like. */
  fs: string;
  /** Takes secrets out of what it answers. */
  redact: (text: string) => string;
  /** Fulfilled once it has ended, whoever brought that about, with what it said last. */
  ended: Promise<RcloneError>;
  stop: () => Promise<void>;
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
  /**
   * Told the text of the config file whenever rclone has rewritten it, because it got a new token,
   * and waited for when the session is closed. It must not reject.
   */
  onConfig?: (text: string) => Promise<void>;
}

/** Commands shorter than this are not worth starting. */
const minimumMs = 1_000;

/** What a process may take to end after it was asked to. */
const graceMs = 8_000;

/** How long before the end of its time a process is asked to stop that is slow to. */
const earlyMs = 90_000;

/**
 * When a process is asked to stop, and how long it has to. A slow one has half of what is left then:
 * the other half is for looking at what it has done, without which the next leg would do it again.
 */
function stopTimes(remaining: number, isSlow: boolean): { stopAfterMs: number; graceMs: number } {
  if (!isSlow) return { stopAfterMs: remaining, graceMs };
  // In a short leg nothing is worth waiting for.
  const early = Math.min(earlyMs, remaining / 4);
  return { stopAfterMs: remaining - early, graceMs: early / 2 };
}

/** Opens a session: writes the config file, readable by us alone. */
export async function openSession(options: SessionOptions): Promise<RcloneSession> {
  const folder = await mkdtemp(join(options.temporaryFolder, 'run-'));
  const configFile = join(folder, 'rclone.conf');
  const config = rcloneConfig(options.remotes);
  await writeFile(configFile, config, { mode: 0o600 });
  let hide = redactor(options.remotes, options.env);
  const redact = (text: string): string => hide(text);
  const watch = watchConfig(configFile, config, async (text) => {
    // What rclone gets while it works must not stand in a log, nor what it had before.
    const [before, now] = [hide, redactor(rewritten(options.remotes, text), {})];
    hide = (line) => before(now(line));
    await options.onConfig?.(text);
  });
  const env = { ...options.env, HOME: folder, RCLONE_CONFIG: configFile, RCLONE_CACHE_DIR: folder };

  let servers = 0;

  /** What every process of the session has in common. */
  const prepare = (command: RcloneCommand, care: RunCare = {}) => {
    const { args, files } = commandArguments(command);
    const patience = new AbortController();
    const { account, onLine } = createAccount(options.log, redact, (line) => {
      care.watch?.(line);
      if ((announcedWaitSeconds(line) ?? 0) > longestWaitSeconds) patience.abort();
    });
    account.provider = providerOf(command);
    const remaining = options.remaining();
    return {
      account,
      isLate: remaining < minimumMs,
      request: {
        file: options.binary,
        args,
        env,
        cwd: folder,
        onErrorLine: onLine,
        stop: patience.signal,
        ...stopTimes(remaining, care.slowToStop === true),
        ...(files === undefined ? {} : { stdin: files }),
      },
    };
  };

  return {
    folder,
    async run(command, care) {
      const { account, isLate, request } = prepare(command, care);
      if (isLate) return timeUp(account);
      const end = await runProcess(request);
      return resultOf(account, end, end.stdout);
    },
    async write(to, bytes) {
      const { account, isLate, request } = prepare({ kind: 'write-one', to });
      const what = `${JSON.stringify(to.path)} cannot be written`;
      if (isLate) throw new RcloneError(what, timeUp(account));
      const end = await runProcess({ ...request, stdin: bytes });
      const result = resultOf(account, end);
      if (end.stopped && result.outcome === 'done') throw new RcloneError(what, timeUp(account));
      // A good end without all of the bytes is the end of something else.
      if (end.unread) throw new RcloneError(what, { ...result, outcome: notDone(result.outcome) });
      if (result.outcome !== 'done') throw new RcloneError(what, result);
    },
    async *read(from, range) {
      const command = { kind: 'read-one', from, ...(range ? { range } : {}) } as const;
      const { account, isLate, request } = prepare(command);
      const what = `${JSON.stringify(from.path)} cannot be read`;
      if (isLate) throw new RcloneError(what, timeUp(account));
      yield* streamProcess({
        ...request,
        failure: (end) =>
          end.exitCode === 0 ? undefined : new RcloneError(what, resultOf(account, end)),
      });
    },
    serve(from) {
      const socket = join(folder, `rc-${servers++}.sock`);
      const { account, request } = prepare({ kind: 'serve', from, socket });
      const { ended, stop } = startServer({ ...request, env: { ...env, ...alias(from) } });
      return {
        socket,
        fs: 'served:',
        redact,
        ended: ended.then(
          (end) => new RcloneError('rclone no longer serves', resultOf(account, end)),
        ),
        stop,
      };
    },
    async close() {
      await watch.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The remotes with the tokens that a config file has for them. */
function rewritten(remotes: Remote[], config: string): Remote[] {
  return remotes.map((remote) => {
    const token = tokenIn(config, remote.name);
    return token === undefined ? remote : { ...remote, options: { ...remote.options, token } };
  });
}

/** A remote named `served` for a place, whose own path could hold what calls cannot say. */
function alias({ remote, path }: Place): Record<string, string> {
  const place = remoteFolder(remote, path);
  return { RCLONE_CONFIG_SERVED_TYPE: 'alias', RCLONE_CONFIG_SERVED_REMOTE: place };
}

function resultOf(account: RcloneAccount, end: ProcessEnd, stdout = ''): RcloneResult {
  const { exitCode, stopped } = end;
  const outcome = outcomeOf(exitCode, stopped);
  const wait = Math.ceil(account.waitSeconds ?? 0);
  return outcome === 'time-up' && stopped && wait > longestWaitSeconds
    ? { outcome: 'rate-limited', exitCode, stdout, account, retryAfterSeconds: wait }
    : { outcome, exitCode, stdout, account };
}

function notDone(outcome: RcloneOutcome): RcloneOutcome {
  return outcome === 'done' ? 'retryable' : outcome;
}

function timeUp(account: RcloneAccount): RcloneResult {
  return { outcome: 'time-up', exitCode: null, stdout: '', account };
}

/**
 * The type of the remote that a command is about: its own bucket and this machine's folders seldom
 * are what fails.
 */
function providerOf(command: RcloneCommand): string {
  const remotes = Object.values(command as Record<string, unknown>)
    .filter(
      (value): value is Place => typeof value === 'object' && value !== null && 'remote' in value,
    )
    .map(({ remote }) => remote.options);
  const cloud = remotes.find(({ type, env_auth }) => type !== 'local' && env_auth === undefined);
  return (cloud ?? remotes[0])?.['type'] ?? 'local';
}

/** Troubles that say more than how rclone ended; the others are what its end says. */
const telling: Partial<Record<TroubleCode, string>> = {
  reconnect: 'unauthorized',
  permission: 'unauthorized',
  'quota-full': 'quota-full',
  'rate-limited': 'rate-limited',
  'name-refused': 'name-refused',
  'too-large': 'too-large',
};

/** A command of rclone ended badly, in a way the caller does not handle. */
export class RcloneError extends WorkspaceSyncError {
  /** With the code `rclone-rate-limited`, where the provider has said it. */
  readonly retryAfterSeconds: number | undefined;

  constructor(what: string, result: RcloneResult) {
    const trouble = worstTrouble(result.account);
    const code = codeOf(result, trouble?.code);
    super(`${what}: ${trouble?.sentence ?? endOf(result)}`, {
      code: `rclone-${code}`,
      retryable: ['retryable', 'time-up', 'rate-limited'].includes(code),
    });
    this.retryAfterSeconds = result.retryAfterSeconds ?? trouble?.retryAfterSeconds;
  }
}

/** Where rclone was stopped, only what stops every file weighs more than that. */
function codeOf({ outcome }: RcloneResult, trouble: TroubleCode | undefined): string {
  const said = trouble && telling[trouble];
  const wasStopped = outcome === 'time-up' || outcome === 'rate-limited';
  return said === undefined || (wasStopped && !/^(unauthorized|quota-full)$/.test(said))
    ? outcome
    : said;
}

function endOf({ outcome, exitCode, retryAfterSeconds, account }: RcloneResult): string {
  if (outcome === 'time-up') return 'its time is up';
  if (outcome === 'rate-limited') {
    return `${nameOf(account)} asks to be left alone for ${retryAfterSeconds ?? 0} seconds`;
  }
  return `exit code ${exitCode ?? 'none'}`;
}
