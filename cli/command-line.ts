import { deceptive } from '../functions/shared/deceptive.ts';
import type { Target } from './aws/target.ts';
import type { General } from './general.ts';

/** The options that choose the deployment and the agent: what a suggested command has to repeat. */
export type Chosen = Partial<
  Pick<General, 'agent' | 'deployment' | 'config' | 'profile' | 'region' | 'local'>
>;

/** A command of ours as a person can paste it into a shell, for the same deployment and agent. */
export function commandLine(words: readonly string[], chosen: Chosen = {}): string {
  return quotedLine(['workspace-sync', ...words, ...optionsOf(words, chosen)]);
}

/** The same in the middle of a sentence: in quotation marks, which are no part of it. */
export function commandInQuotes(words: readonly string[], chosen: Chosen = {}): string {
  return `"${commandLine(words, chosen)}"`;
}

/** A command of the AWS CLI for the same account. */
export function awsCommandLine(
  words: readonly string[],
  { client: { region, endpoint }, env }: Pick<Target, 'client' | 'env'>,
): string {
  const options = { profile: env['AWS_PROFILE'], region, 'endpoint-url': endpoint };
  return quotedLine(['aws', ...words, ...named(options)]);
}

/** Words as a shell takes them, each of them one word to it. */
export function quotedLine(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** These are about a deployment as a whole. */
const agentless = new Set(['deploy', 'destroy']);

function optionsOf(words: readonly string[], chosen: Chosen): string[] {
  const { agent, deployment, config, profile, region, local } = chosen;
  const ofAgent = agentless.has(words[0] ?? '') ? {} : { agent };
  const options = named({ ...ofAgent, deployment, config, profile, region }, words);
  return local === true ? [...options, '--local'] : options;
}

/** Options with their values, but for those that the words have already. */
function named(
  options: Record<string, string | undefined>,
  words: readonly string[] = [],
): string[] {
  return Object.entries(options).flatMap(([name, value]) =>
    value === undefined || words.includes(`--${name}`) ? [] : [`--${name}`, value],
  );
}

/** A word that a shell takes as it is; others in single quotes, or with their bytes spelt out. */
function quoted(word: string): string {
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word)) return word;
  return isPlain(word) ? `'${word.replaceAll("'", `'\\''`)}'` : `$'${speltOut(word)}'`;
}

/** Whether a terminal shows it as it is, on one line. */
function isPlain(word: string): boolean {
  return !/[\n\t]/.test(word) && word.search(deceptive) === -1;
}

function speltOut(word: string): string {
  const bytes = [...Buffer.from(word)];
  return bytes.map((byte) => (isTame(byte) ? String.fromCharCode(byte) : escaped(byte))).join('');
}

/** Printed as it is, and nothing to a shell between quotes: not the quote, and no backslash. */
function isTame(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c;
}

function escaped(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
