import { CommanderError } from 'commander';
import { explainFault, wordsFor } from './aws/faults.ts';
import type { Chosen } from './command-line.ts';
import { expectConfigFile } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { processShell, type Shell } from './shell.ts';

/** Runs the command line and answers its exit code; everything that is to be said has been said. */
export async function main(args: string[], shell: Shell = processShell()): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = createProgram(shell, (code) => (exitCode = code));
  let chosen: Chosen = {};
  program.hook('preAction', (_, command) => {
    chosen = command.optsWithGlobals();
    if (command.name() !== 'setup') expectConfigFile(chosen.config);
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return failed(error, { args, chosen, shell });
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

function tellProgram(shell: Shell, code: string, message: string, facts: object = {}): void {
  shell.out(JSON.stringify({ error: { code, message, ...facts } }, null, 2));
}

/** A command line, and what it has chosen as far as it could be read. */
interface Asked {
  args: string[];
  chosen: Chosen;
  shell: Shell;
}

function failed(error: unknown, { args, chosen, shell }: Asked): number {
  if (error instanceof CommanderError) return refused(error, args, shell);
  const fault = explainFault(error);
  const message = wordsFor(error, chosen);
  if (args.includes('--json')) {
    tellProgram(shell, fault?.code ?? 'unexpected', message, fault?.facts);
  } else {
    shell.say(message);
    if (!fault && shell.env['WORKSPACE_SYNC_DEBUG'] && error instanceof Error) {
      shell.say(error.stack ?? '');
    }
  }
  return fault?.exitCode ?? exitCodes.failed;
}
