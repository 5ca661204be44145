import { wrongUsage } from '../failure.ts';
import type { Shell } from '../shell.ts';

/** Questions go where messages go: standard output is for what was asked for. */
export const questions = { output: process.stderr };

/** Asks for a secret without showing what is typed. */
export async function askSecret(message: string): Promise<string> {
  const { password } = await import('@inquirer/prompts');
  return password({ message, toggleMask: false }, questions);
}

/** A yes or a no; without a terminal and without `--yes` it is an error that names the option. */
export async function askYes(
  shell: Shell,
  { yes }: { yes: boolean },
  message: string,
  initially = true,
): Promise<boolean> {
  if (yes) return true;
  if (!shell.canAsk) {
    throw wrongUsage(`${message} There is no terminal to ask in: say --yes to answer with yes.`);
  }
  const { confirm } = await import('@inquirer/prompts');
  return confirm({ message, default: initially }, questions);
}
