import { fileURLToPath } from 'node:url';
import type { Argument, Command, Option } from 'commander';
import { format, resolveConfig } from 'prettier';
import { createProgram } from '../cli/program.ts';
import { processShell } from '../cli/shell.ts';

/** docs/cli-reference.md: every command with its arguments, options and examples. */
export async function cliReference(): Promise<string> {
  const options = await resolveConfig(fileURLToPath(import.meta.url));
  return format(markdown(), { ...options, parser: 'markdown' });
}

function markdown(): string {
  const program = createProgram(processShell(), () => undefined);
  const commands = flat(program);
  return [
    '# Reference of the command',
    '',
    'Generated from the command itself by `npm run docs`. [cli.md](cli.md) says how it finds a deployment, what',
    'its exit codes mean and what `--json` prints.',
    '',
    ...commands.map(({ path }) => `- [\`${path}\`](#${path.replaceAll(' ', '-')})`),
    '',
    '## General options',
    '',
    'Of every command, but for `completion`:',
    '',
    ...optionList(generalOptions(commands)),
    ...commands.flatMap(section),
    '',
  ].join('\n');
}

interface Placed {
  path: string;
  command: Command;
}

function flat(program: Command, before: string[] = []): Placed[] {
  return program.commands.flatMap((command) => {
    if (command.name() === 'help') return [];
    const words = [...before, command.name()];
    const itself = [{ path: words.join(' '), command }];
    return doesSomething(command) ? [...itself, ...flat(command, words)] : flat(command, words);
  });
}

/** `backup` is only the first word of others; `drop-link` is a command itself, too. */
function doesSomething({ commands, options }: Command): boolean {
  return commands.length === 0 || options.length > 0;
}

const isGeneral = ({ helpGroupHeading }: Option): boolean =>
  helpGroupHeading === 'General options:';

function generalOptions(commands: readonly Placed[]): readonly Option[] {
  const found = commands.map(({ command }) => command.options.filter(isGeneral));
  return found.find((options) => options.length > 0) ?? [];
}

function section({ path, command }: Placed): string[] {
  const options = command.options.filter((option) => !isGeneral(option) && !option.hidden);
  const { registeredArguments: given } = command;
  return [
    '',
    `## ${path}`,
    '',
    `\`workspace-sync ${path}${given.map((argument) => ` ${shape(argument)}`).join('')}\``,
    '',
    escaped(command.description()),
    ...(given.length > 0 ? ['', ...given.map(argumentLine)] : []),
    ...(options.length > 0 ? ['', ...optionList(options)] : []),
    ...examples(command),
  ];
}

function shape(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function argumentLine(argument: Argument): string {
  return `- \`${shape(argument)}\`: ${escaped(argument.description)}${choices(argument.argChoices)}`;
}

function optionList(options: readonly Option[]): string[] {
  return options.map(({ flags, description, argChoices, defaultValue, envVar }) => {
    const isSaid = typeof defaultValue === 'string' || typeof defaultValue === 'number';
    const byDefault = isSaid ? `; by default ${defaultValue}` : '';
    const fromEnv = envVar === undefined ? '' : `; also from \`${envVar}\``;
    return `- \`${flags}\`: ${escaped(description)}${choices(argChoices)}${byDefault}${fromEnv}`;
  });
}

function choices(values: readonly string[] | undefined): string {
  return values ? ` (${values.map((value) => `\`${value}\``).join(', ')})` : '';
}

/** The examples of the help, as they stand there. */
function examples(command: Command): string[] {
  const said: string[] = [];
  const write = (text: string): void => void said.push(text);
  command.configureOutput({ writeOut: write, getOutHelpWidth: () => 100 });
  command.outputHelp();
  const text = /\nExamples?:\n([\s\S]*)$/.exec(said.join(''))?.[1] ?? '';
  if (text.trim() === '') return [];
  return ['', '```sh', text.replace(/^ {2}/gm, '').trim(), '```'];
}

/** What Markdown would take for its own. */
function escaped(text: string): string {
  return text.replace(/[<>*_]/g, (character) => `\\${character}`);
}
