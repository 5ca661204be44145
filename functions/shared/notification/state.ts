import * as z from 'zod';
import { stateKeys } from '../contract/index.ts';
import { readJson, type Versioned } from '../state/json.ts';
import type { ObjectStore } from '../state/object-store.ts';
import { NotificationStateBusyError } from './errors.ts';

const time = z.iso.datetime();

const stateSchema = z.object({
  version: z.literal(1),
  /** When the last request was answered for good. */
  lastPostedAt: time.optional(),
  /** No request before this time: the receiver asked for it, or its failures do. */
  notBefore: time.optional(),
  /** Ids of the deliveries announced last, oldest first. */
  recent: z.array(z.string()),
  /** Requests in a row that were not accepted. */
  consecutiveFailures: z.int().nonnegative(),
  /** The secret that was refused, and a digest of the address that refused it. */
  refused: z.object({ secretVersion: z.string(), target: z.string() }).optional(),
  /** The set of files whose announcement has begun and is not known to have ended. */
  attempt: z.object({ ids: z.array(z.string()), startedAt: time }).optional(),
  /** Turns of the agent that notifications have caused in the month of the last one. */
  turns: z.object({ month: z.string(), count: z.int().nonnegative() }).optional(),
  /** Who is posting right now, and until when others keep away. */
  reservation: z.object({ owner: z.string(), until: time }).optional(),
});

/** What is remembered of one agent's notifications. */
export type NotificationState = z.infer<typeof stateSchema>;

/** What is remembered of an agent that was never notified. */
export const blankState: NotificationState = { version: 1, recent: [], consecutiveFailures: 0 };

/** The state as it stands; without a tag where there is none yet. */
export interface LoadedState {
  state: NotificationState;
  etag: string | undefined;
}

/** Reads an agent's state. */
export async function loadState(store: ObjectStore, agent: string): Promise<LoadedState> {
  const found: Versioned<NotificationState> | undefined = await readJson(
    store,
    stateKeys.notifications(agent),
    stateSchema,
  );
  return { state: found?.value ?? blankState, etag: found?.etag };
}

/** Replaces the state, if it is still the one that was read. */
export async function replaceState(
  store: ObjectStore,
  agent: string,
  state: NotificationState,
  etag: string | undefined,
): Promise<boolean> {
  const condition = etag === undefined ? ({ ifAbsent: true } as const) : { ifMatch: etag };
  const body = JSON.stringify(state);
  return (await store.put(stateKeys.notifications(agent), body, condition)).written;
}

/** How often a change is made again when another writer comes between reading and writing. */
const attempts = 5;

/** Changes the state, whoever else is writing to it. */
export async function changeState(
  store: ObjectStore,
  agent: string,
  change: (state: NotificationState) => NotificationState,
): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { state, etag } = await loadState(store, agent);
    if (await replaceState(store, agent, change(state), etag)) return;
  }
  throw new NotificationStateBusyError(agent);
}
