import type * as Prompts from '@inquirer/prompts';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure, wrongUsage } from '../failure.ts';
import type { General } from '../general.ts';
import type { Shell } from '../shell.ts';

interface Asking {
  shell: Pick<Shell, 'canAsk'>;
  general: Pick<General, 'yes'>;
}

/** Questions go where progress goes: standard output is for what was asked for. */
const context = { output: process.stderr };

/**
 * An answer of the person at the terminal. Every question is asked here.
 * @throws CommandFailure at Ctrl-C: see {@link isInterrupt}.
 */
export async function answered<T>(
  ask: (prompts: typeof Prompts, where: typeof context) => Promise<T>,
): Promise<T> {
  const prompts = await import('@inquirer/prompts');
  try {
    return await ask(prompts, context);
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError') throw interrupted();
    throw error;
  }
}

/** Somebody has pressed Ctrl-C at a question; `remark` says what was done before. */
export function interrupted(remark = ''): CommandFailure {
  return new CommandFailure(`Stopped. ${remark}`.trim(), {
    code: 'interrupted',
    exitCode: exitCodes.detached,
  });
}

/** Whether Ctrl-C at a question has ended it. */
export function isInterrupt(error: unknown): boolean {
  return error instanceof CommandFailure && error.code === 'interrupted';
}

/** Asks for a secret without showing what is typed. */
export function askSecret(message: string): Promise<string> {
  return answered(({ password }, where) => password({ message, toggleMask: false }, where));
}

/**
 * A yes or a no; `--yes` is a yes.
 * @param initially what a mere Enter means: no, wherever something is destroyed
 * @throws CommandFailure where nobody can be asked.
 */
export async function confirmed(
  asking: Asking,
  question: string,
  initially = false,
): Promise<boolean> {
  mustBeAskable(asking, '--yes', question);
  if (asking.general.yes) return true;
  return answered(({ confirm }, where) =>
    confirm({ message: question, default: initially }, where),
  );
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
  mustBeAskable({ shell, general: { yes: false } }, option, question);
  const message = `${question} Type ${word} to go on:`;
  return (await answered(({ input }, where) => input({ message }, where))).trim() === word;
}

/**
 * Whether somebody can answer: to be called before work that would be in vain.
 * @throws CommandFailure where nobody can.
 */
export function mustBeAskable({ shell, general }: Asking, option: string, question?: string): void {
  if (general.yes || shell.canAsk) return;
  throw wrongUsage(
    `${question === undefined ? '' : `${question} `}This has to be confirmed, and there is no terminal ` +
      `to ask at. Confirm it with ${option}.`,
  );
}
