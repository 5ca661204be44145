import type * as z from 'zod';
import { WorkspaceSyncError } from '../errors.ts';
import type { ObjectStore } from './object-store.ts';

/** A parsed object and the tag to name when it is replaced. */
export interface Versioned<T> {
  value: T;
  etag: string;
}

/**
 * Reads and parses a JSON object of our own state.
 * @throws StateCorruptError where it is not what the schema says: nothing is guessed from it.
 */
export async function readJson<T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
): Promise<Versioned<T> | undefined> {
  const found = await store.get(key);
  if (!found) return undefined;
  return { value: parse(key, new TextDecoder().decode(found.body), schema), etag: found.etag };
}

function parse<T>(key: string, text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new StateCorruptError(key, cause);
  }
}

/** An object of our own state cannot be read. Deleting it makes the next run start afresh. */
export class StateCorruptError extends WorkspaceSyncError {
  constructor(key: string, cause: unknown) {
    super(
      `The state object "${key}" is not what this release writes. ` +
        'Look at it, then delete it from the state bucket to start afresh.',
      { code: 'state-corrupt', retryable: false, cause },
    );
  }
}
