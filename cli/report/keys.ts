import type { Job, RunReason } from '../../functions/shared/contract/index.ts';
import { commandLine, type Chosen } from '../command-line.ts';
import { guardWords } from './guards.ts';

/**
 * A reason's message in the words of the command: guards speak of the keys of a request, such as
 * `"confirmDeletes": 3`, and a person types `--confirm-deletes 3`. Only a guard's own words are
 * touched: names, and what a provider has said, must not become commands.
 */
export function inCommandWords(reason: RunReason, job: Job, chosen: Chosen = {}): string {
  const { message } = reason;
  const words = guardWords(reason);
  if (words === undefined) return message;
  const start = message.length - words.length;
  return message.slice(0, start) + translated(words, job, chosen);
}

function translated(words: string, job: Job, chosen: Chosen): string {
  return words
    .replace(/invoke (\w+) with (\{[^{}]*\})/g, (whole, asked: string, json: string) => {
      const command = wordsOf(json, asked as Job);
      return command ? `run: ${commandLine(command, chosen)}` : whole;
    })
    .replace(/\{[^{}]*\}/g, (json) => {
      const command = wordsOf(json, job);
      return command ? commandLine(command, chosen) : json;
    })
    .replace(
      /"(\w+)": ("[^"]*"|\d+|true)/g,
      (whole, key: string, value: string) => optionOf(key, JSON.parse(value))?.join(' ') ?? whole,
    )
    .replace(/^"(resync|direction)" /, (_whole, key: string) => `--${key} `);
}

/** Words of the command for each job. */
export const commandOf: Record<Job, readonly string[]> = {
  sync: ['sync'],
  drain: ['inbox'],
  backup: ['backup', 'now'],
  prune: ['backup', 'prune'],
  verify: ['backup', 'verify'],
  restore: ['backup', 'restore'],
  list: ['list'],
};

/** The command for a request in JSON; `undefined` where it is none. */
function wordsOf(json: string, job: Job): string[] | undefined {
  let request: unknown;
  try {
    request = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof request !== 'object' || request === null || !('agent' in request)) return undefined;
  const options = Object.entries(request).flatMap(([key, value]) => optionOf(key, value) ?? []);
  return [...((commandOf[job] as string[] | undefined) ?? [job]), ...options];
}

/** Keys of a request and their options; a key that is true has an option without a value. */
const options = new Map([
  ['dryRun', '--dry-run'],
  ['confirmDeletes', '--confirm-deletes'],
  ['confirmConfig', '--confirm-config'],
  ['confirmAnomaly', '--confirm-anomaly'],
  ['direction', '--direction'],
  ['resync', '--resync'],
  ['target', '--to'],
  ['confirm', '--confirm'],
  ['acceptUnencrypted', '--accept-unencrypted'],
  ['percent', '--percent'],
]);

/** The words for a key of a request and its value; `undefined` where there are none. */
export function optionOf(key: string, value: unknown): string[] | undefined {
  const option = options.get(key);
  if (option === undefined) return undefined;
  return value === true ? [option] : [option, String(value)];
}
