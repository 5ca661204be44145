/** The commands that a page tells people to type, held against the commands that there are. */
import type { Command, Option } from 'commander';

/** The calls of `workspace-sync` among the lines of a shell, each as its arguments. */
export function callsIn(shellText: string): string[][] {
  const lines = shellText.replace(/\s*\\\n\s*/g, ' ').split('\n');
  return lines.flatMap((line) =>
    simpleCommands(withoutRemark(line)).flatMap((words) => {
      const at = words.findIndex((word) => /^(?:.*\/)?workspace-sync(?:\.mjs)?$/.test(word));
      return at >= 0 && words.slice(0, at).every(isLauncher) ? [words.slice(at + 1)] : [];
    }),
  );
}

/** A line without a prompt before it, and without what the help says beside its examples. */
function withoutRemark(line: string): string {
  return line.replace(/^\s*[$>] /, '').replace(/(?<=\S) {2,}[^\s#].*$/, '');
}

/** What may stand before the name of a command without changing what it means. */
function isLauncher(word: string): boolean {
  return ['npx', 'node', 'time', 'sudo'].includes(word) || /^[A-Z_]+=/.test(word);
}

/** The simple commands of a line, in words; what quotes hold together stays together. */
function simpleCommands(line: string): string[][] {
  const commands: string[][] = [[]];
  const pieces = line.matchAll(
    /(?<quoted>(?:'[^']*'|"(?:\\.|[^"\\])*"|<[^<>\s|]+>|[^\s'"|&;#<>()]|(?<=\S)#)+)|(?<comment>#.*$)|(?<cut>\|\|?|&&?|;|\$\(|[()])|(?<redirect>\d?[<>]+)\s*\S*/g,
  );
  for (const { groups = {} } of pieces) {
    if (groups['cut'] !== undefined) commands.push([]);
    else if (groups['quoted'] !== undefined) commands.at(-1)?.push(bare(groups['quoted']));
  }
  return commands;
}

function bare(word: string): string {
  return word.replace(/'([^']*)'|"((?:\\.|[^"\\])*)"/g, '$1$2');
}

/** What is wrong with a call; `undefined` where there is such a command with such options. */
export function faultOf(program: Command, call: readonly string[]): string | undefined {
  let command = program;
  let given = 0;
  const words = call[0] === 'help' ? [...call.slice(1), '--help'] : [...call];
  const seesHelp = words.some((word) => ['--help', '-h'].includes(word));
  while (words.length > 0) {
    const word = words.shift() ?? '';
    if (/^[.…]+$/.test(word)) return undefined;
    if (word === '--') return arityFault(command, given + words.length);
    if (/^-./.test(word)) {
      const fault = optionFault(command, word, words);
      if (fault !== undefined) return fault;
      continue;
    }
    const child = given === 0 ? childOf(command, word) : undefined;
    if (child) command = child;
    else if (command.commands.length > 0) return `"${pathOf(command)}" has no command ${word}`;
    else given += 1;
  }
  return seesHelp ? undefined : arityFault(command, given);
}

/** What is wrong with an option; takes its value from the words that follow. */
function optionFault(command: Command, word: string, following: string[]): string | undefined {
  const [flag = '', value] = word.split(/=(.*)/s);
  const option = optionOf(command, flag);
  if (!option) return `"${pathOf(command)}" has no option ${flag}`;
  if (option === 'general' || value !== undefined) return undefined;
  const isValue = (): boolean => following[0] !== undefined && !following[0].startsWith('-');
  if (option.required && !isValue()) return `${flag} of "${pathOf(command)}" wants a value`;
  if (!option.required && !option.optional) return undefined;
  do following.shift();
  while (option.variadic && isValue());
  return undefined;
}

function childOf(command: Command, word: string): Command | undefined {
  return command.commands.find((one) => one.name() === word || one.aliases().includes(word));
}

function optionOf(command: Command, flag: string): Option | 'general' | undefined {
  if (['--help', '-h'].includes(flag)) return 'general';
  if (flag === '--version' && !command.parent) return 'general';
  return command.options.find(({ long, short }) => long === flag || short === flag);
}

function arityFault(command: Command, given: number): string | undefined {
  const wanted = command.registeredArguments;
  const most = wanted.some(({ variadic }) => variadic) ? Infinity : wanted.length;
  const least = wanted.filter(({ required }) => required).length;
  if (given > most) return `"${pathOf(command)}" takes ${most} arguments, not ${given}`;
  if (given < least) return `"${pathOf(command)}" takes ${least} arguments, not ${given}`;
  return undefined;
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
