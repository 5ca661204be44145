import * as z from 'zod';
import type { ListedFile } from '../rclone/listing.ts';
import { readFenced, writeFenced } from '../state/fenced.ts';
import type { ObjectStore } from '../state/object-store.ts';

/** What a file was on both sides when they were last known to hold the same. */
export const pairSchema = z.object({ workspace: z.string(), cloud: z.string() });
export type Pair = z.infer<typeof pairSchema>;

const manifestSchema = z.object({
  version: z.literal(1),
  /** The pair of places that it is true for. */
  binding: z.string(),
  /** Whether a run has ever come to its end, deletes and all. */
  settled: z.boolean(),
  /** By the path in the workspace. */
  files: z.record(z.string(), pairSchema),
});

/**
 * Which files are in step: the memory that makes an unchanged cycle cost two listings and nothing
 * else, and that tells a changed file of the same size and an older time from an unchanged one. It
 * serves both directions, for being in step has none.
 */
export interface Manifest {
  /** `undefined` before the first run between these places. */
  files: ReadonlyMap<string, Pair> | undefined;
  /** Whether a run between these places has ever come to its end: deletes are done last. */
  settled: boolean;
}

/** Reads the manifest; one that belongs to other places counts as none. */
export async function readManifest(
  store: ObjectStore,
  key: string,
  binding: string,
): Promise<Manifest> {
  const found = await readFenced(store, key, manifestSchema);
  if (found?.binding !== binding) return { files: undefined, settled: false };
  return { files: new Map(Object.entries(found.files)), settled: found.settled };
}

/** Replaces the manifest, unless the lease has passed on. */
export async function writeManifest(
  store: ObjectStore,
  key: string,
  fence: number,
  {
    binding,
    settled,
    files,
  }: { binding: string; settled: boolean; files: ReadonlyMap<string, Pair> },
): Promise<void> {
  await writeFenced(store, key, fence, {
    version: 1,
    binding,
    settled,
    files: Object.fromEntries(files),
  });
}

/** Stands in the manifest for a file that was sent, but not looked at since: a leg ended first. */
export const notSeenYet = '';

/**
 * What changes when somebody changes a file: its hash or tag where the listing has one, otherwise its
 * size and time.
 */
export function identity({ size, modified, hash }: ListedFile): string {
  return hash ?? `${size}/${modified}`;
}
