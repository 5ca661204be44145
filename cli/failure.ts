import { exitCodes, type ExitCode } from './exit-codes.ts';

/**
 * Something that the person has to know and can do something about. Its message says what is wrong
 * and what to do; it is shown without a stack.
 */
export class CommandFailure extends Error {
  /** Stable, kebab-case: what `--json` shows beside the message. */
  readonly code: string;
  readonly exitCode: ExitCode;

  constructor(
    message: string,
    { code, exitCode = exitCodes.failed }: { code: string; exitCode?: ExitCode },
  ) {
    super(message);
    this.name = 'CommandFailure';
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** The command line is wrong: nothing was done. */
export function wrongUsage(message: string): CommandFailure {
  return new CommandFailure(message, { code: 'usage', exitCode: exitCodes.usage });
}
