import { CommanderError } from 'commander';
import { explainFault } from './aws/faults.ts';
import { exitCodes } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { processShell, type Shell } from './shell.ts';

/** Runs the command line and answers its exit code; everything that is to be said has been said. */
export async function main(args: string[], shell: Shell = processShell()): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = createProgram(shell, (code) => (exitCode = code));
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return failed(error, args, shell);
  }
}

/** Commander has said to people what is wrong; help and version are no errors. */
function refused(
  { exitCode, code, message }: CommanderError,
  args: string[],
  shell: Shell,
): number {
  if (exitCode === 0) return exitCodes.ok;
  if (args.includes('--json')) {
    // Without a command it shows the help, and its message is no sentence.
    const wrong = code === 'commander.help' ? 'a command is missing' : message;
    tellProgram(shell, 'usage', wrong.replace(/^error: /, ''));
  }
  return exitCodes.usage;
}

function tellProgram(shell: Shell, code: string, message: string): void {
  shell.out(JSON.stringify({ error: { code, message } }, null, 2));
}

function failed(error: unknown, args: string[], shell: Shell): number {
  if (error instanceof CommanderError) return refused(error, args, shell);
  const fault = explainFault(error);
  const message = fault?.message ?? (error instanceof Error ? error.message : String(error));
  if (args.includes('--json')) {
    tellProgram(shell, fault?.code ?? 'unexpected', message);
  } else {
    shell.say(message);
    if (!fault && shell.env['WORKSPACE_SYNC_DEBUG'] && error instanceof Error) {
      shell.say(error.stack ?? '');
    }
  }
  return fault?.exitCode ?? exitCodes.failed;
}
