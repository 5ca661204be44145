import type { RunState } from '../functions/shared/contract/index.ts';

/** What the command says to a script by its exit code; docs/cli.md has the same table. */
export const exitCodes = {
  /** Done. Of a question: answered. */
  ok: 0,
  /** It could not be done; the message says why. */
  failed: 1,
  /** The command line itself is wrong, or something that it needs was not given. */
  usage: 2,
  /** A run is done but for some files, or records are shown but for some; those are named. */
  partial: 3,
  /** A guard stopped the run before it changed anything. */
  blocked: 4,
  /** Nothing was tried: another run is at work, or there is nothing to do. */
  skipped: 5,
  /** There is no such deployment or agent, or no access to it. */
  unreachable: 6,
  /** Ctrl-C: the run goes on without us. */
  detached: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The exit code for the end of a run. */
export function exitCodeOf(state: RunState): ExitCode {
  switch (state) {
    case 'succeeded':
      return exitCodes.ok;
    case 'partial':
      return exitCodes.partial;
    case 'blocked':
      return exitCodes.blocked;
    case 'skipped':
      return exitCodes.skipped;
    case 'failed':
    case 'continued':
      return exitCodes.failed;
  }
}
