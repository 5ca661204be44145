import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { epochOf, isoTime, type Clock } from '../clock.ts';
import { stateKeys } from '../contract/index.ts';
import { WorkspaceSyncError } from '../errors.ts';
import { readJson, type Versioned } from './json.ts';
import type { ObjectStore } from './object-store.ts';

const leaseSchema = z.object({
  runId: z.string(),
  leg: z.int().positive(),
  /** Counts up at every change of hands; a write that bears a smaller number comes too late. */
  fence: z.int().positive(),
  expiresAt: z.iso.datetime(),
  released: z.boolean(),
  /** Tells the writer its own record, where the answer to the write was lost on its way. */
  nonce: z.string().optional(),
});
type LeaseRecord = z.infer<typeof leaseSchema>;

/** A lease that is held. */
export interface Lease {
  scope: string;
  runId: string;
  fence: number;
  expiresAt: string;
  /** Gives it back. A lease that has passed to somebody else stays theirs. */
  release(): Promise<void>;
}

/** Somebody else holds it; `until` is when that leg is dead for certain. */
export interface LeaseHeld {
  held: true;
  runId: string;
  until: string;
  /** Set where nobody need hold it: the run that asks is over. */
  over?: true;
}

export interface LeaseRequest {
  scope: string;
  runId: string;
  /** Number of the leg that asks; a later leg of the same run inherits the lease. */
  leg: number;
  /**
   * Whether a later leg may only go on where the one before has left off, with the lease in its hands.
   * Where it was given back or has passed on, the run is over, and the request is an old one.
   */
  onlyInherits?: boolean;
  /**
   * When the platform has killed this leg for certain. The lease expires then and not before, so
   * that an expired lease means a dead holder.
   */
  deadline: number;
}

/** Clocks of two machines may differ: an expired lease is taken only after this long. */
const clockSkewMs = 10_000;

/**
 * Takes the lease of a scope, or says who has it.
 *
 * A later leg of the same run inherits the lease, for it was asked for by the leg that held it. The
 * same leg twice (an event delivered again) does not. The record stays when it is released, because
 * its number must never be given twice.
 */
export async function takeLease(
  store: ObjectStore,
  clock: Clock,
  request: LeaseRequest,
): Promise<Lease | LeaseHeld> {
  const key = stateKeys.lease(request.scope);
  const current = await readJson(store, key, leaseSchema);
  if (current && isLive(current.value, request, clock)) return heldBy(current.value);
  if (request.onlyInherits && request.leg > 1 && !inherits(current?.value, request)) {
    return { held: true, runId: request.runId, until: isoTime(clock.now()), over: true };
  }

  const record: LeaseRecord = {
    runId: request.runId,
    leg: request.leg,
    fence: (current?.value.fence ?? 0) + 1,
    expiresAt: isoTime(request.deadline),
    released: false,
    nonce: randomUUID(),
  };
  const outcome = await write(store, key, record, current);
  if (outcome.written) return leaseOf(store, request, record, outcome.etag);
  return afterLostWrite(store, request, record);
}

function leaseOf(
  store: ObjectStore,
  { scope, runId }: LeaseRequest,
  record: LeaseRecord,
  etag: string,
): Lease {
  const { fence, expiresAt } = record;
  const key = stateKeys.lease(scope);
  return { scope, runId, fence, expiresAt, release: () => release(store, key, record, etag) };
}

function isLive(record: LeaseRecord, request: LeaseRequest, clock: Clock): boolean {
  const expired = epochOf(record.expiresAt) + clockSkewMs <= clock.now();
  return !record.released && !expired && !inherits(record, request);
}

function inherits(record: LeaseRecord | undefined, { runId, leg }: LeaseRequest): boolean {
  return record?.released === false && record.runId === runId && record.leg < leg;
}

function heldBy(record: LeaseRecord): LeaseHeld {
  return { held: true, runId: record.runId, until: record.expiresAt };
}

/**
 * The condition of the write did not hold: another was faster, who is live by definition; or the
 * write had been done, its answer lost, and what was refused is the client's second try.
 */
async function afterLostWrite(
  store: ObjectStore,
  request: LeaseRequest,
  record: LeaseRecord,
): Promise<Lease | LeaseHeld> {
  const winner = await readJson(store, stateKeys.lease(request.scope), leaseSchema);
  if (!winner) return { held: true, runId: 'unknown', until: isoTime(request.deadline) };
  if (winner.value.nonce === record.nonce) return leaseOf(store, request, record, winner.etag);
  return heldBy(winner.value);
}

async function release(
  store: ObjectStore,
  key: string,
  record: LeaseRecord,
  etag: string,
): Promise<void> {
  // When the tag no longer matches, the lease has expired and passed on: nothing to give back.
  await store.put(key, JSON.stringify({ ...record, released: true }), { ifMatch: etag });
}

function write(
  store: ObjectStore,
  key: string,
  record: LeaseRecord,
  current: Versioned<LeaseRecord> | undefined,
): ReturnType<ObjectStore['put']> {
  return store.put(
    key,
    JSON.stringify(record),
    current ? { ifMatch: current.etag } : { ifAbsent: true },
  );
}

/** A holder whose lease has passed on tried to write; its news are old. */
export class StaleLeaseError extends WorkspaceSyncError {
  constructor(key: string, fence: number, stored: number) {
    super(
      `"${key}" was written under lease number ${stored}; the write under number ${fence} came too late and was refused.`,
      { code: 'stale-lease', retryable: false },
    );
  }
}
