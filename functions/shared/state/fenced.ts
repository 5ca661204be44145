import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import { StateCorruptError } from './json.ts';
import { StaleLeaseError } from './lease.ts';
import type { ObjectStore, StoredObject } from './object-store.ts';

const envelope = z.object({ fence: z.int().nonnegative(), value: z.unknown() });

/** How often a write is tried again when another writer comes between reading and writing. */
const attempts = 5;

/** Reads a value that {@link writeFenced} wrote; `undefined` where there is none. */
export async function readFenced<T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const found = await store.get(key);
  return found
    ? parse(key, found, z.object({ fence: z.number(), value: schema })).value
    : undefined;
}

/**
 * Replaces a value of our own state, refusing a writer whose lease has passed on.
 * @throws StaleLeaseError when the stored value was written under a later lease.
 */
export async function writeFenced(
  store: ObjectStore,
  key: string,
  fence: number,
  value: unknown,
): Promise<void> {
  const body = pack(key, JSON.stringify({ fence, value }));
  for (let attempt = 0; attempt < attempts; attempt++) {
    const current = await store.get(key);
    if (current) {
      const stored = parse(key, current, envelope).fence;
      if (stored > fence) throw new StaleLeaseError(key, fence, stored);
    }
    const condition = current ? { ifMatch: current.etag } : ({ ifAbsent: true } as const);
    if ((await store.put(key, body, condition)).written) return;
  }
  throw new StaleLeaseError(key, fence, fence);
}

function pack(key: string, text: string): Uint8Array | string {
  return key.endsWith('.gz') ? gzipSync(text) : text;
}

function parse<T>(key: string, object: StoredObject, schema: z.ZodType<T>): T {
  try {
    const bytes = key.endsWith('.gz') ? gunzipSync(object.body) : object.body;
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new StateCorruptError(key, cause);
  }
}
