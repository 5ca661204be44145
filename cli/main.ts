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

function failed(error: unknown, args: string[], shell: Shell): number {
  // It has said what is wrong; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  const fault = explainFault(error);
  const message = fault?.message ?? (error instanceof Error ? error.message : String(error));
  if (args.includes('--json')) {
    shell.out(JSON.stringify({ error: { code: fault?.code ?? 'unexpected', message } }, null, 2));
  } else {
    shell.say(message);
    if (!fault && shell.env['WORKSPACE_SYNC_DEBUG'] && error instanceof Error) {
      shell.say(error.stack ?? '');
    }
  }
  return fault?.exitCode ?? exitCodes.failed;
}
