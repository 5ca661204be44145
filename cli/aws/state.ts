import { StateCorruptError } from '../../functions/shared/state/json.ts';
import { bucketOf, type Context } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Shell } from '../shell.ts';
import { readText } from './objects.ts';

/**
 * A JSON record of the state bucket; `undefined` where there is none.
 * @param isOne whether it is what we write, as far as it will be looked at
 * @throws StateCorruptError where it is something else.
 */
export async function readState<T>(
  context: Pick<Context, 'clients' | 'deployment'>,
  key: string,
  isOne: (value: unknown) => value is T = (value): value is T => value !== null,
): Promise<T | undefined> {
  const place = { Bucket: bucketOf(context, 'State'), Key: key };
  const text = await readText(context.clients.s3, place);
  return text === undefined ? undefined : parsed(key, text, isOne);
}

function parsed<T>(key: string, text: string, isOne: (value: unknown) => value is T): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new StateCorruptError(key, cause);
  }
  if (isOne(value)) return value;
  throw new StateCorruptError(key, undefined);
}

/**
 * One record of many: where it is not what we write, the others are shown all the same.
 * @param leftOut takes what is to be said of it
 */
export async function orLeftOut<T>(read: Promise<T>, leftOut: string[]): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (!(error instanceof StateCorruptError)) throw error;
    leftOut.push(error.message);
    return undefined;
  }
}

/** Says which records are missing in what was shown, and answers the exit code for that. */
export function tellLeftOut(shell: Pick<Shell, 'say'>, leftOut: readonly string[]): ExitCode {
  for (const message of leftOut) shell.say(`Left out: ${message}`);
  return leftOut.length > 0 ? exitCodes.partial : exitCodes.ok;
}
