import * as z from 'zod';
import { stateKeys } from '../contract/index.ts';
import { readFenced, writeFenced } from '../state/fenced.ts';
import type { ObjectStore } from '../state/object-store.ts';

/** What a file was on both sides when it was last pushed. */
export const pushedSchema = z.object({
  /** Identity of the content in the workspace. */
  source: z.string(),
  /** Size and time that the cloud folder showed for it afterwards. */
  destination: z.string(),
});
export type Pushed = z.infer<typeof pushedSchema>;

const manifestSchema = z.object({
  version: z.literal(1),
  /** The pair of places that it is true for. */
  binding: z.string(),
  files: z.record(z.string(), pushedSchema),
});

/**
 * What has been pushed: the memory that makes an unchanged cycle cost two listings and nothing else,
 * and that tells a changed file of the same size and an older time from an unchanged one.
 */
export interface PushManifest {
  /** `undefined` before the first push to this place. */
  files: ReadonlyMap<string, Pushed> | undefined;
}

/** Reads the manifest; one that belongs to other places counts as none. */
export async function readManifest(
  store: ObjectStore,
  agent: string,
  binding: string,
): Promise<PushManifest> {
  const found = await readFenced(store, stateKeys.pushManifest(agent), manifestSchema);
  return {
    files: found?.binding === binding ? new Map(Object.entries(found.files)) : undefined,
  };
}

/** Replaces the manifest, unless the lease has passed on. */
export async function writeManifest(
  store: ObjectStore,
  agent: string,
  fence: number,
  binding: string,
  files: ReadonlyMap<string, Pushed>,
): Promise<void> {
  await writeFenced(store, stateKeys.pushManifest(agent), fence, {
    version: 1,
    binding,
    files: Object.fromEntries(files),
  });
}
