import { createHash } from 'node:crypto';
import * as z from 'zod';
import { stateKeys } from '../contract/index.ts';
import { readFenced, writeFenced } from '../state/fenced.ts';
import { StateCorruptError } from '../state/json.ts';
import type { ObjectStore } from '../state/object-store.ts';
import { parseRemembered, type RememberedSide } from './listing.ts';

/** Kept as bisync writes it, and read once: a side may have tens of thousands of lines. */
const listing = z.string().transform((text, context): RememberedSide => {
  const side = parseRemembered(text);
  if (side) return side;
  context.addIssue('this is not a listing of bisync');
  return z.NEVER;
});

const schema = z.object({
  version: z.literal(1),
  /** The pair of places that it is true for. */
  binding: z.string(),
  /** Digest of the filters: what they leave out would look deleted. */
  filters: z.string(),
  /** Major and minor version of rclone, whose format the listings are in. */
  rclone: z.string(),
  /** What bisync calls the pair in the names of its files. */
  pair: z.string(),
  listings: z.object({ workspace: listing, cloud: listing }),
});

/** What bisync remembers between runs: both sides as they were when they were last in step. */
export type BisyncState = z.output<typeof schema>;

/** What a state must agree with to be of use. */
export type Identity = Pick<BisyncState, 'binding' | 'filters' | 'rclone'>;

const causes: Record<keyof Identity, string> = {
  binding: 'what is remembered belongs to another workspace or cloud folder',
  filters: 'the excludes were changed, and what they no longer show would look deleted',
  rclone: 'what is remembered was written by another release of rclone',
};

/** Reads the state; `lost` says why there is none that can be used. */
export async function readState(
  store: ObjectStore,
  agent: string,
  identity: Identity,
): Promise<{ state: BisyncState } | { lost: string }> {
  try {
    const state = await readFenced(store, stateKeys.bisync(agent), schema);
    if (!state) return { lost: 'nothing is remembered of both sides, as before the first run' };
    const keys = ['binding', 'filters', 'rclone'] as const;
    const foreign = keys.find((key) => state[key] !== identity[key]);
    return foreign === undefined ? { state } : { lost: causes[foreign] };
  } catch (error) {
    if (!(error instanceof StateCorruptError)) throw error;
    return { lost: 'what is remembered of both sides cannot be read' };
  }
}

/** Replaces the state, unless the lease has passed on. */
export async function writeState(
  store: ObjectStore,
  agent: string,
  fence: number,
  state: z.input<typeof schema>,
): Promise<void> {
  await writeFenced(store, stateKeys.bisync(agent), fence, state);
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
