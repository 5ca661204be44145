import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { WorkspaceSyncError } from '../errors.ts';

/** The one file that starts processes. */
export interface ProcessRequest {
  file: string;
  args: string[];
  /** The whole environment: nothing is inherited. */
  env: Record<string, string>;
  cwd: string;
  /** Written to standard input, which is then closed. */
  stdin?: string;
  /** Called for each line of standard error. */
  onErrorLine?: (line: string) => void;
  /** Bytes of standard output that are kept; more is an error, never a silent cut. */
  maxOutputBytes?: number;
  /** After this many milliseconds the process is asked to stop (SIGINT). */
  stopAfterMs?: number;
  /** How long it may take to stop before it is killed (SIGKILL). */
  graceMs?: number;
}

export interface ProcessResult {
  /** `null` when a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  /** Whether we asked it to stop because its time was up. */
  stopped: boolean;
}

const defaultMaxOutputBytes = 512 * 1024 * 1024;
const defaultGraceMs = 10_000;

/**
 * Runs a program to its end. A non-zero exit code is an answer, not an error.
 * @throws ProcessError when it cannot be started or prints more than is allowed.
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessResult> {
  const child = spawn(request.file, request.args, {
    cwd: request.cwd,
    env: request.env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = exitOf(child, request.file);
  const limits = stopInTime(child, request);
  try {
    feed(child, request.stdin);
    const errors = readLines(child, request.onErrorLine);
    const stdout = await collect(child, request.maxOutputBytes ?? defaultMaxOutputBytes);
    const { exitCode, signal } = await ended;
    await errors;
    return { exitCode, signal, stdout, stopped: limits.stopped() };
  } catch (error) {
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
    throw error;
  } finally {
    limits.clear();
  }
}

function exitOf(
  child: ChildProcess,
  file: string,
): Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }> {
  const ended = new Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }>(
    (resolve, reject) => {
      child.once('error', (cause) => {
        reject(new ProcessError(`"${file}" cannot be started: ${cause.message}`, cause));
      });
      child.once('close', (exitCode, signal) => {
        resolve({ exitCode, signal });
      });
    },
  );
  // It is awaited later; until then a failure to start must not count as unhandled.
  ended.catch(() => undefined);
  return ended;
}

function stopInTime(
  child: ChildProcess,
  { stopAfterMs, graceMs = defaultGraceMs }: ProcessRequest,
): { stopped: () => boolean; clear: () => void } {
  let stopped = false;
  const timers: NodeJS.Timeout[] = [];
  if (stopAfterMs !== undefined) {
    timers.push(
      setTimeout(() => {
        stopped = true;
        child.kill('SIGINT');
        timers.push(setTimeout(() => child.kill('SIGKILL'), graceMs));
      }, stopAfterMs),
    );
  }
  return {
    stopped: () => stopped,
    clear: () => {
      timers.forEach(clearTimeout);
    },
  };
}

function feed(child: ChildProcess, text = ''): void {
  // A program that exits without reading its input closes the pipe: its exit code tells the story.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(text);
}

async function readLines(
  child: ChildProcess,
  onLine: ((line: string) => void) | undefined,
): Promise<void> {
  if (!child.stderr) return;
  for await (const line of createInterface({ input: child.stderr })) onLine?.(line);
}

async function collect(child: ChildProcess, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  if (!child.stdout) return '';
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
