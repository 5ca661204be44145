import { systemClock, type Clock } from '../functions/shared/clock.ts';
import { visible } from '../functions/shared/deceptive.ts';

/** What a command knows of the terminal that it was started in; a test has one of its own. */
export interface Shell {
  /** What was asked for: standard output. File names in it cannot steer the terminal. */
  out(text: string): void;
  /** What is said on the way: standard error. */
  say(text: string): void;
  env: NodeJS.ProcessEnv;
  clock: Clock;
  /** Whether a person watches: progress may be drawn, colours used. */
  isWatched: boolean;
  /** Whether a person can be asked something. */
  canAsk: boolean;
  columns: number;
  /** Calls back at Ctrl-C instead of ending the process, until the answer is called. */
  onInterrupt(callback: () => void): () => void;
}

/** The terminal that the process was started in. */
export function processShell(): Shell {
  const { stdout, stderr, stdin, env } = process;
  for (const stream of [stdout, stderr]) stream.on('error', endWithReader);
  return {
    out: (text) => void stdout.write(`${visible(text)}\n`),
    say: (text) => void stderr.write(`${visible(text)}\n`),
    env,
    clock: systemClock,
    isWatched: stderr.isTTY && env['TERM'] !== 'dumb' && env['CI'] === undefined,
    canAsk: stdin.isTTY && stderr.isTTY,
    columns: stdout.isTTY ? stdout.columns : 100,
    onInterrupt(callback) {
      process.on('SIGINT', callback);
      return () => void process.off('SIGINT', callback);
    },
  };
}

/** Who reads has seen enough, as `head` does: that is no error of ours. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}
