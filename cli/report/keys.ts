import type { Job } from '../../functions/shared/contract/index.ts';
import { commandLine, type Chosen } from '../runs/command-line.ts';

/**
 * A message of a run in the words of the command: runs speak of the keys of a request, such as
 * `"confirmDeletes": 3`, and a person types `--confirm-deletes 3`.
 */
export function inCommandWords(message: string, job: Job, chosen: Chosen = {}): string {
  return message
    .replace(/invoke (\w+) with (\{[^{}]*\})/g, (whole, asked: string, json: string) => {
      const words = wordsOf(json, asked as Job);
      return words ? `run: ${commandLine(words, chosen)}` : whole;
    })
    .replace(/\{[^{}]*\}/g, (json) => {
      const words = wordsOf(json, job);
      return words ? commandLine(words, chosen) : json;
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

function optionOf(key: string, value: unknown): string[] | undefined {
  const option = options.get(key);
  if (option === undefined) return undefined;
  return value === true ? [option] : [option, String(value)];
}
