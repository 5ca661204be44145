import * as z from 'zod';
import type { ListedFile } from '../rclone/listing.ts';
import { readFenced, writeFenced } from '../state/fenced.ts';
import type { ObjectStore } from '../state/object-store.ts';

/** What a file was on both sides when they were last known to hold the same. */
export const pairSchema = z.object({ workspace: z.string(), cloud: z.string() });
export type Pair = z.infer<typeof pairSchema>;

const entrySchema = z.tuple([z.string(), pairSchema]);

/** Any name may be that of a file, `__proto__` too, which a record of zod leaves out. */
const filesSchema = z
  .custom<object>((value) => typeof value === 'object' && value !== null)
  .transform((value) => z.array(entrySchema).parse(Object.entries(value)))
  .transform((entries) => new Map(entries));

/**
 * How many files a run has overwritten that somebody had to confirm: its next leg has so many fewer
 * to go.
 */
const overwrittenSchema = z.object({ runId: z.string(), files: z.int().nonnegative() });

const manifestSchema = z.object({
  version: z.literal(1),
  /** The pair of places that it is true for. */
  binding: z.string(),
  /** Whether a run has ever come to its end, deletes and all. */
  settled: z.boolean(),
  /** By the path in the workspace. */
  files: filesSchema,
  overwritten: overwrittenSchema.optional(),
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
  overwritten?: z.infer<typeof overwrittenSchema> | undefined;
}

/** Reads the manifest; one that belongs to other places counts as none. */
export async function readManifest(
  store: ObjectStore,
  key: string,
  binding: string,
): Promise<Manifest> {
  const found = await readFenced(store, key, manifestSchema);
  if (found?.binding !== binding) return { files: undefined, settled: false };
  const { files, settled, overwritten } = found;
  return { files, settled, overwritten };
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
    overwritten,
  }: Manifest & { binding: string; files: ReadonlyMap<string, Pair> },
): Promise<void> {
  await writeFenced(store, key, fence, {
    version: 1,
    binding,
    settled,
    files: Object.fromEntries(files),
    ...(overwritten ? { overwritten } : {}),
  });
}

/** Stands in the manifest for a file that was sent, but not looked at since: a leg ended first. */
export const notSeenYet = '';

/** Stands there for a file that somebody may have edited after it was copied: it is sent once more. */
export const mayBeOther = '?';

/**
 * What changes when somebody changes a file: its hash or tag where the listing has one, otherwise its
 * size and time.
 */
export function identity(file: ListedFile): string {
  return file.hash ?? sizeAndTime(file);
}

/** Whether a file is what it was. Some providers show the hash of a file only some time after it came. */
export function isSame(before: string | undefined, now: ListedFile): boolean {
  return before === identity(now) || before === sizeAndTime(now);
}

function sizeAndTime({ size, modified }: ListedFile): string {
  return `${size}/${modified}`;
}
