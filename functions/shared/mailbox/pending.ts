import * as z from 'zod';
import { stateKeys } from '../contract/index.ts';
import { readFenced, writeFenced } from '../state/fenced.ts';
import type { ObjectStore } from '../state/object-store.ts';
import type { DeliveryResult } from './deliver.ts';
import type { Drop } from './delivery.ts';

/**
 * Generation of each drop that a run has begun to deliver and not finished, by what is listed; and
 * whether it has been announced, where it could only not be removed.
 */
const pendingSchema = z.record(
  z.string(),
  z.union([z.string(), z.object({ generation: z.string(), announced: z.literal(true) })]),
);
type Pending = z.infer<typeof pendingSchema>;

export interface PendingPlace {
  store: ObjectStore;
  agent: string;
  fence: number;
}

/**
 * Gives each drop of a listing its generation: the run that first saw it, as long as it has not been
 * delivered and removed. What is put there again afterwards looks the same and is another drop,
 * whatever receipts there are.
 */
export async function beginDrops(
  place: PendingPlace,
  drops: Drop[],
  runId: string,
): Promise<Drop[]> {
  const key = stateKeys.pendingDrops(place.agent);
  const before = (await readFenced(place.store, key, pendingSchema)) ?? {};
  const begun = drops.map((drop) => ({ ...drop, ...remembered(before[keyOf(drop)] ?? runId) }));
  await write(place, begun);
  return begun;
}

function remembered(entry: Pending[string]): Pick<Drop, 'generation' | 'announced'> {
  return typeof entry === 'string' ? { generation: entry } : entry;
}

/** Keeps the generations of the drops that are still to be delivered or removed. */
export async function finishDrops(
  place: PendingPlace,
  drops: Drop[],
  { skipped, remaining, unremoved }: DeliveryResult,
): Promise<void> {
  const left = new Set(skipped.map(({ path }) => path));
  const unseen = drops.length - remaining;
  const announced = new Set(unremoved);
  await write(
    place,
    drops
      .filter(({ path }, index) => index >= unseen || left.has(path))
      .map((drop) => (announced.has(drop.path) ? { ...drop, announced: true } : drop)),
  );
}

async function write({ store, agent, fence }: PendingPlace, drops: Drop[]): Promise<void> {
  const entries = drops.map((drop) => [keyOf(drop), entryOf(drop)] as const);
  await writeFenced(store, stateKeys.pendingDrops(agent), fence, Object.fromEntries(entries));
}

function entryOf({ generation = '', announced }: Drop): Pending[string] {
  return announced ? { generation, announced: true } : generation;
}

function keyOf({ path, version }: Drop): string {
  return JSON.stringify([path, version]);
}
