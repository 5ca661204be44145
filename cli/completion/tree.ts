import type { Command } from 'commander';

/** What can follow an option, or stand as an argument. */
export type Value =
  | { kind: 'none' }
  | { kind: 'choices'; choices: readonly string[] }
  | { kind: 'file' }
  | { kind: 'agent' }
  | { kind: 'text' };

/** An option as completion sees it. */
export interface OptionNode {
  /** `-a` and `--agent`, as far as there are both. */
  flags: string[];
  description: string;
  value: Value;
}

/** A command as completion sees it. */
export interface CommandNode {
  /** Words after the program's name; none for the program itself. */
  path: string[];
  summary: string;
  commands: CommandNode[];
  options: OptionNode[];
  argument: Value;
}

/** The tree of commands that a program has. */
export function commandTree(program: Command, path: string[] = []): CommandNode {
  const visible = program.createHelp();
  return {
    path,
    summary: firstSentence(program.summary() || program.description()),
    commands: visible
      .visibleCommands(program)
      .filter((child) => child.name() !== 'help')
      .map((child) => commandTree(child, [...path, child.name()])),
    options: visible.visibleOptions(program).map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined),
      description: firstSentence(option.description),
      value: option.required || option.optional ? valueOf(option) : { kind: 'none' },
    })),
    argument: program.registeredArguments[0]
      ? valueOf({
          flags: program.registeredArguments[0].name(),
          argChoices: program.registeredArguments[0].argChoices,
        })
      : { kind: 'none' },
  };
}

function valueOf({
  flags,
  argChoices,
}: {
  flags: string;
  argChoices?: string[] | undefined;
}): Value {
  if (argChoices) return { kind: 'choices', choices: argChoices };
  if (/--agent\b/.test(flags)) return { kind: 'agent' };
  return /<file>|^file$/.test(flags) ? { kind: 'file' } : { kind: 'text' };
}

/** One line, without what shells take for their own. */
function firstSentence(text: string): string {
  return (/^[^\n]*?(?=\.\s|\.$|\n|$)/.exec(text)?.[0] ?? '').replace(/["'`$\\[\]:]/g, '');
}
