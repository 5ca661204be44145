import { wrongUsage } from '../failure.ts';
import type { General } from '../general.ts';
import type { Shell } from '../shell.ts';

interface Asking {
  shell: Pick<Shell, 'canAsk'>;
  general: Pick<General, 'yes'>;
}

/** Questions go where progress goes: standard output is for what was asked for. */
const output = { output: process.stderr };

/**
 * A question before something is destroyed. `--yes` is a yes, and no is what a mere Enter means.
 * @throws CommandFailure where nobody can be asked.
 */
export async function confirmed(asking: Asking, question: string): Promise<boolean> {
  mustBeAskable(asking, '--yes');
  if (asking.general.yes) return true;
  const { confirm } = await import('@inquirer/prompts');
  return confirm({ message: question, default: false }, output);
}

/**
 * Asks for a word that is not typed by mistake. `--yes` does not say it: that is for what can be undone.
 * @param option what gives it in a script
 * @throws CommandFailure where nobody can be asked.
 */
export async function confirmedByWord(
  shell: Asking['shell'],
  { question, word, option }: { question: string; word: string; option: string },
): Promise<boolean> {
  mustBeAskable({ shell, general: { yes: false } }, option);
  const { input } = await import('@inquirer/prompts');
  return (await input({ message: `${question} Type ${word} to go on:` }, output)).trim() === word;
}

/**
 * Whether somebody can answer: to be called before work that would be in vain.
 * @throws CommandFailure where nobody can.
 */
export function mustBeAskable({ shell, general }: Asking, option: string): void {
  if (general.yes || shell.canAsk) return;
  throw wrongUsage(
    `This has to be confirmed, and there is no terminal to ask at. Confirm it with ${option}.`,
  );
}
