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
import { rcloneConfig, remoteFolder, type Remote } from './remote.ts';

/** How one command went. */
export interface RcloneResult {
  outcome: RcloneOutcome;
  exitCode: number | null;
  stdout: string;
  account: RcloneAccount;
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
const earlyMs = 60_000;

/** When a process is asked to stop, and how long it has to. A slow one ends no later than others. */
function stopTimes(remaining: number, isSlow: boolean): { stopAfterMs: number; graceMs: number } {
  if (!isSlow) return { stopAfterMs: remaining, graceMs };
  // In a short leg nothing is worth waiting for.
  const early = Math.min(earlyMs, remaining / 4);
  return { stopAfterMs: remaining - early, graceMs: early + Math.min(graceMs, early) };
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
    const { account, onLine } = createAccount(options.log, redact, care.watch);
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
      if (end.stopped) throw new RcloneError(what, { ...result, outcome: 'time-up' });
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
  return { outcome: outcomeOf(exitCode, stopped), exitCode, stdout, account };
}

function notDone(outcome: RcloneOutcome): RcloneOutcome {
  return outcome === 'done' ? 'retryable' : outcome;
}

function timeUp(account: RcloneAccount): RcloneResult {
  return { outcome: 'time-up', exitCode: null, stdout: '', account };
}

/** What providers say when it is the credentials that are wrong: trying again is no help. */
const refused =
  /\b40[13]\b|unauthori[sz]ed|forbidden|access ?denied|invalid_grant|invalid_client|InvalidAccessKeyId|SignatureDoesNotMatch|expired_access_token|couldn't fetch token|unable to authenticate/i;

/** A command of rclone ended badly, in a way the caller does not handle. */
export class RcloneError extends WorkspaceSyncError {
  constructor(what: string, result: RcloneResult) {
    const last = result.account.errors.at(-1)?.message ?? endOf(result);
    const unauthorized = result.account.errors.some(({ message }) => refused.test(message));
    super(`${what}: ${last}`, {
      code: `rclone-${unauthorized ? 'unauthorized' : result.outcome}`,
      retryable: !unauthorized && ['retryable', 'time-up'].includes(result.outcome),
    });
  }
}

function endOf({ outcome, exitCode }: RcloneResult): string {
  return outcome === 'time-up' ? 'its time is up' : `exit code ${exitCode ?? 'none'}`;
}
