import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { isRefreshable } from '../../functions/shared/credentials/token.ts';
import { wrongUsage } from '../failure.ts';
import type { General } from '../general.ts';
import { askSecret } from '../output/ask.ts';
import type { Shell } from '../shell.ts';
import type { SecretKind } from './needs.ts';
import { generatePassphrase, passphraseWarning, strengthOf } from './passphrase.ts';
import { isPasswordOption, obscured } from './rclone-password.ts';

/** How a value is to be got. */
export interface ValueOptions {
  fromFile?: string;
  /** Make a passphrase. */
  generate?: boolean;
  /** Take a weak passphrase. */
  acceptWeak?: boolean;
  /** It is obscured already, as it stands in an rclone.conf. */
  obscured?: boolean;
}

/** A value in the form in which it is stored, from wherever the options say. */
export async function valueFor(
  shell: Shell,
  reference: string,
  what: SecretKind,
  options: ValueOptions,
): Promise<string> {
  if (options.generate === true) return generated(what);
  const isTyped = options.fromFile === undefined && shell.canAsk;
  const given = withoutLineEnd(await readValue(shell, reference, options));
  if (given === '') throw wrongUsage(`The value of ${reference} is empty.`);
  if (what.kind === 'passphrase') return checkedPassphrase(shell, given, isTyped, options);
  return storedForm(what, given, options);
}

/** What is stored for what was given: tokens are taken out of what rclone prints around them. */
export async function storedForm(
  what: SecretKind,
  given: string,
  { obscured: isObscured = false }: ValueOptions = {},
): Promise<string> {
  if (what.kind === 'token') return tokenIn(given);
  if (what.kind !== 'option' || isObscured) return given;
  const { backend, option } = what;
  return (await isPasswordOption(backend, option)) ? obscured(given) : given;
}

/** The token in what `rclone authorize` prints. @throws CommandFailure where there is none. */
export function tokenIn(text: string): string {
  const token = /\{[^{}]*\}/.exec(text)?.[0].replace(/\s*\n\s*/g, '');
  if (token !== undefined && isRefreshable(token)) return token;
  throw wrongUsage(
    'That is not a token that can be refreshed. It has to be the whole line that "rclone authorize" ' +
      'prints between its arrows: {"access_token":…,"refresh_token":…}.',
  );
}

function generated({ kind }: SecretKind): string {
  if (kind !== 'passphrase') throw wrongUsage('Only a passphrase can be made with --generate.');
  return generatePassphrase();
}

/** Shows a passphrase that was made, once it is stored: nobody is to write down one that is not. */
export function tellMade(
  shell: Pick<Shell, 'out' | 'say'>,
  passphrase: string,
  { json }: Pick<General, 'json'>,
): void {
  // With --json it is a part of the one document that is printed at the end.
  if (!json) shell.out(passphrase);
  shell.say(`This is shown once. ${passphraseWarning}`);
}

async function readValue(
  shell: Shell,
  reference: string,
  { fromFile }: ValueOptions,
): Promise<string> {
  if (fromFile !== undefined) return readGiven(fromFile);
  if (shell.canAsk) return askSecret(`Value of ${reference} (it is not shown):`);
  if (process.stdin.isTTY) {
    throw wrongUsage(`Give the value of ${reference} on standard input, or with --from-file.`);
  }
  return readAll(process.stdin);
}

async function readGiven(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why = unreadable[code] ?? `it cannot be read (${code})`;
    throw wrongUsage(`--from-file is ${JSON.stringify(file)}, and ${why}. Nothing was stored.`);
  }
}

const unreadable: Record<string, string | undefined> = {
  ENOENT: 'there is no such file',
  EISDIR: 'that is a folder',
  EACCES: 'you may not read it',
};

/** Editors and echo end a text with a line end that is no part of it. */
function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}

async function checkedPassphrase(
  shell: Shell,
  passphrase: string,
  isTyped: boolean,
  { acceptWeak = false }: ValueOptions,
): Promise<string> {
  await refuseWeak(passphrase, acceptWeak);
  if (isTyped && (await askSecret('The same again:')) !== passphrase) {
    throw wrongUsage('The two are not the same. Nothing was stored.');
  }
  shell.say(passphraseWarning);
  return passphrase;
}

/** @throws CommandFailure where it is weak and nobody has said that this is meant. */
export async function refuseWeak(passphrase: string, acceptWeak: boolean): Promise<void> {
  if (acceptWeak) return;
  const { isWeak, advice } = await strengthOf(passphrase);
  if (!isWeak) return;
  throw wrongUsage(`${advice} Or let one be made with --generate, or take it with --accept-weak.`);
}
