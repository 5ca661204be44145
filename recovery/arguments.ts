import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from './errors.ts';

/** Files that hold what opens the snapshots; `-` is standard input. */
export interface KeyFiles {
  passphraseFile?: string;
  privateKeyFile?: string;
}

/** What somebody asks of the kit. */
export type Request =
  | { command: 'help' | 'version' }
  | { command: 'list'; folder: string; agent?: string }
  | ({ command: 'verify'; folder: string; snapshot?: string; agent?: string } & KeyFiles)
  | RestoreRequest;

/** What is to be brought back, and where to. */
export interface RestoreRequest extends KeyFiles {
  command: 'restore';
  folder: string;
  /** Absolute. */
  to: string;
  snapshot?: string;
  agent?: string;
  paths?: string[];
  dryRun: boolean;
}

const options = {
  to: { type: 'string' },
  snapshot: { type: 'string' },
  agent: { type: 'string' },
  path: { type: 'string', multiple: true },
  'dry-run': { type: 'boolean' },
  'passphrase-file': { type: 'string' },
  'private-key': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

type OptionName = keyof typeof options;

const keyOptions = ['passphrase-file', 'private-key'] as const;
const allowed: Record<'list' | 'verify' | 'restore', readonly OptionName[]> = {
  list: ['agent'],
  verify: ['snapshot', 'agent', ...keyOptions],
  restore: ['to', 'snapshot', 'agent', 'path', 'dry-run', ...keyOptions],
};

/** @throws UsageError which says what is wrong and what is allowed; it never quotes a value that may be a secret */
export function parseRequest(args: readonly string[]): Request {
  const { values, positionals } = parsed(args);
  if (values.help === true) return { command: 'help' };
  if (values.version === true) return { command: 'version' };
  const [command, folder, ...rest] = positionals;
  if (command === 'help') return { command };
  if (command !== 'list' && command !== 'verify' && command !== 'restore') {
    throw new UsageError(
      `${command === undefined ? 'The command is missing' : `${JSON.stringify(command)} is not a command`}; it has to be list, verify or restore. --help shows them.`,
    );
  }
  if (rest.length > 0) {
    throw new UsageError(
      `${JSON.stringify(rest[0])} is one argument too many: after ${command} comes at most one folder. Quote a name with spaces, and put --path before each pattern.`,
    );
  }
  refuseUnused(command, Object.keys(values));
  const place = { folder: resolve(folder ?? kitFolder()), ...given('agent', values.agent) };
  if (command === 'list') return { command, ...place };
  const wanted = { ...place, ...given('snapshot', values.snapshot), ...keyFiles(values) };
  if (command === 'verify') return { command, ...wanted };
  return {
    command,
    ...wanted,
    to: target(values.to),
    ...given('paths', values.path),
    dryRun: values['dry-run'] ?? false,
  };
}

type Values = ReturnType<typeof parsed>['values'];

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    throw new UsageError(problemOf(cause), cause);
  }
}

function problemOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  const [option] = /--?[a-z][a-z-]*/.exec(message) ?? [''];
  if (/^--(?:pass|password|passphrase|key)$/.test(option)) {
    return `${option} is not an option: what opens the snapshots is never an argument, which others on this machine can read. It is asked for, or read from --passphrase-file FILE, --private-key FILE or standard input.`;
  }
  // Only the first sentence: what follows is about arguments in general, and may quote one.
  const problem = message.split(/\. |\n/)[0] ?? '';
  const known = Object.keys(options).map((name) => `--${name}`);
  return `${problem}. The options are ${known.join(', ')}.`;
}

function refuseUnused(command: keyof typeof allowed, names: readonly string[]): void {
  const known: readonly string[] = allowed[command];
  const unused = names.find((name) => !known.includes(name));
  if (unused === undefined) return;
  const list = known.map((name) => `--${name}`).join(', ');
  throw new UsageError(`--${unused} means nothing to ${command}, which knows ${list}.`);
}

function keyFiles(values: Values): KeyFiles {
  const { 'passphrase-file': passphraseFile, 'private-key': privateKeyFile } = values;
  if (passphraseFile === '-' && privateKeyFile === '-') {
    throw new UsageError(
      '--passphrase-file - and --private-key - cannot both read standard input; name a file for one of them.',
    );
  }
  return { ...given('passphraseFile', passphraseFile), ...given('privateKeyFile', privateKeyFile) };
}

function target(to: string | undefined): string {
  if (to !== undefined && to !== '') return resolve(to);
  throw new UsageError(
    'restore needs to know where to: give --to NEW_FOLDER, a folder that does not exist yet or is empty.',
  );
}

function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<Name, Value>>);
}

/** Where the kit lies: beside the snapshots, as it was put there. */
function kitFolder(): string {
  return dirname(process.argv[1] ?? '.');
}
