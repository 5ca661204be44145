import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { WorkspaceSyncError } from '../errors.ts';
import { feed } from './feed.ts';

/** The one file that starts processes. */
export interface ProcessRequest {
  file: string;
  args: string[];
  /** The whole environment: nothing is inherited. */
  env: Record<string, string>;
  cwd: string;
  /**
   * Written to standard input, which is then closed. A stream is read no faster than the program
   * takes it. Where it throws, the program is killed before it can take the end for a whole input.
   */
  stdin?: string | AsyncIterable<Uint8Array>;
  /** Called for each line of standard error. */
  onErrorLine?: (line: string) => void;
  /** Bytes of standard output that are kept; more is an error, never a silent cut. */
  maxOutputBytes?: number;
  /** After this many milliseconds the process is asked to stop (SIGINT). */
  stopAfterMs?: number;
  /** The process is asked to stop as soon as this is aborted. */
  stop?: AbortSignal;
  /** How long it may take to stop before it is killed (SIGKILL). */
  graceMs?: number;
}

/** How a program ended. */
export interface ProcessEnd {
  /** `null` when a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** Whether we asked it to stop: its time was up, or the request's signal said so. */
  stopped: boolean;
}

export interface ProcessResult extends ProcessEnd {
  stdout: string;
  /** Set where it ended, well or not, before it had taken all of a stream that was its input. */
  unread?: true;
}

const defaultMaxOutputBytes = 512 * 1024 * 1024;
const defaultGraceMs = 10_000;

/**
 * Runs a program to its end. A non-zero exit code is an answer, not an error.
 * @throws ProcessError when it cannot be started or prints more than is allowed; whatever the input
 * throws.
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessResult> {
  const running = start(request);
  try {
    const [fed, stdout] = await Promise.all([
      running.fed,
      collect(running.child, request.maxOutputBytes ?? defaultMaxOutputBytes),
    ]);
    const unread = typeof request.stdin === 'object' && !fed;
    return { ...(await running.ended()), stdout, ...(unread ? { unread } : {}) };
  } finally {
    await running.kill();
  }
}

/** What {@link streamProcess} is asked for. */
export interface StreamRequest extends Omit<ProcessRequest, 'maxOutputBytes'> {
  /** What is wrong with an end, if anything. By default everything but exit code 0. */
  failure?: (end: ProcessEnd) => Error | undefined;
}

/**
 * The standard output of a program, no faster than it is taken. A program that fails throws at the
 * end, so that a short stream never looks whole; one that is no longer listened to is killed.
 * @throws ProcessError when it cannot be started; what `failure` says of its end.
 */
export async function* streamProcess(request: StreamRequest): AsyncGenerator<Buffer, void> {
  const running = start(request);
  try {
    yield* running.child.stdout as AsyncIterable<Buffer>;
    const end = await running.ended();
    const failure = (request.failure ?? failureOf)(end);
    if (failure) throw failure;
  } finally {
    await running.kill();
  }
}

/** A program that runs beside us. */
export interface Server {
  /** Its end, whoever brings it about. @throws ProcessError when it could not be started. */
  ended: Promise<ProcessEnd>;
  /** Asks it to end, waits for that, and kills it where it does not. It may be called again. */
  stop: () => Promise<void>;
}

/** Starts a program that serves until it is stopped. What it prints is not kept. */
export function startServer(request: Omit<ProcessRequest, 'maxOutputBytes'>): Server {
  const running = start(request);
  running.child.stdout.resume();
  const ended = running.ended().finally(running.kill);
  ended.catch(() => undefined);
  return {
    ended,
    async stop() {
      running.child.kill('SIGINT');
      const timer = setTimeout(
        () => running.child.kill('SIGKILL'),
        request.graceMs ?? defaultGraceMs,
      );
      await ended.catch(() => undefined);
      clearTimeout(timer);
    },
  };
}

function failureOf({ exitCode, signal }: ProcessEnd): Error | undefined {
  if (exitCode === 0) return undefined;
  return new ProcessError(`The program ended with ${signal ?? `exit code ${exitCode ?? 'none'}`}.`);
}

interface Running {
  child: ChildProcessWithoutNullStreams;
  /** Whether all input was handed over. */
  fed: Promise<boolean>;
  /** The end, once every line that it wrote has been seen. */
  ended(): Promise<ProcessEnd>;
  /** Leaves nothing behind, whether it has ended or not. */
  kill: () => Promise<void>;
}

function start(request: Omit<ProcessRequest, 'maxOutputBytes'>): Running {
  const { file, args, cwd, env } = request;
  const child = spawn(file, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  const end = exitOf(child, file);
  const lines = readLines(child, request.onErrorLine);
  const fed = feed(child, request.stdin ?? '');
  for (const promise of [end, lines, fed]) {
    // They are awaited later; until then a failure must not count as unhandled.
    promise.catch(() => undefined);
  }
  const limits = stopInTime(child, request);
  return {
    child,
    fed,
    async ended() {
      const { exitCode, signal } = await end;
      await lines;
      return { exitCode, signal, stopped: limits.stopped() };
    },
    async kill() {
      child.kill('SIGKILL');
      await end.catch(() => undefined);
      limits.clear();
    },
  };
}

function exitOf(child: ChildProcess, file: string): Promise<Omit<ProcessEnd, 'stopped'>> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      reject(new ProcessError(`"${file}" cannot be started: ${cause.message}`, cause));
    });
    child.once('close', (exitCode, signal) => {
      resolve({ exitCode, signal });
    });
  });
}

type StopRequest = Pick<ProcessRequest, 'stopAfterMs' | 'stop' | 'graceMs'>;

function stopInTime(
  child: ChildProcess,
  { stopAfterMs, stop, graceMs = defaultGraceMs }: StopRequest,
): { stopped: () => boolean; clear: () => void } {
  let stopped = false;
  const timers: NodeJS.Timeout[] = [];
  const ask = (): void => {
    if (stopped) return;
    stopped = true;
    child.kill('SIGINT');
    timers.push(setTimeout(() => child.kill('SIGKILL'), graceMs));
  };
  if (stopAfterMs !== undefined) timers.push(setTimeout(ask, stopAfterMs));
  stop?.addEventListener('abort', ask, { once: true });
  return {
    stopped: () => stopped,
    clear: () => {
      timers.forEach(clearTimeout);
      stop?.removeEventListener('abort', ask);
    },
  };
}

async function readLines(
  child: ChildProcessWithoutNullStreams,
  onLine: ((line: string) => void) | undefined,
): Promise<void> {
  for await (const line of createInterface({ input: child.stderr })) onLine?.(line);
}

async function collect(child: ChildProcessWithoutNullStreams, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new ProcessError(`The program printed more than ${limit} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A program could not be run at all. */
export class ProcessError extends WorkspaceSyncError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'process', retryable: false, cause });
  }
}
