import { takeLease, type Lease, type LeaseHeld } from '../state/lease.ts';
import type { JobResult } from '../runtime/report.ts';
import type { RunContext } from '../runtime/run.ts';

/** Takes the lease of a scope for a leg. */
export function leaseFor(context: RunContext, scope: string): Promise<Lease | LeaseHeld> {
  const { runtime, runId, leg, budget } = context;
  return takeLease(runtime.store, runtime.clock, { scope, runId, leg, deadline: budget.deadline });
}

const pauseMs = 1_000;

/** How long the pruning after a backup is waited for, by who needs what it may delete. */
export const pruningMs = 30_000;

/** The same, for who may wait a while for a short job: at most half of the leg's time. */
export async function patientLease(
  context: RunContext,
  scope: string,
  patienceMs: number,
): Promise<Lease | LeaseHeld> {
  const { clock } = context.runtime;
  const until = clock.now() + Math.min(patienceMs, context.budget.remaining() / 2);
  for (;;) {
    const lease = await leaseFor(context, scope);
    if (!('held' in lease) || clock.now() >= until) return lease;
    await clock.sleep(pauseMs);
  }
}

/** What a run says that found another at work. */
export function busy({ runId, until }: LeaseHeld): JobResult {
  const message = `Run ${runId} is at work on this; it is over by ${until} at the latest.`;
  return { state: 'skipped', reason: { code: 'lease-held', message } };
}

/**
 * Does work under the lease of a scope, or says that another run is at it. A run that goes on in
 * another leg keeps the lease for that.
 * @param patienceMs how long to wait where another run is at it
 */
export async function underLease(
  context: RunContext,
  scope: string,
  work: (lease: Lease) => Promise<JobResult>,
  patienceMs = 0,
): Promise<JobResult> {
  const lease = await patientLease(context, scope, patienceMs);
  if ('held' in lease) return busy(lease);
  let keep = false;
  try {
    const result = await work(lease);
    keep = context.goesOn(result);
    return result;
  } finally {
    if (!keep) await release(context, lease);
  }
}

async function release({ runtime }: RunContext, lease: Lease): Promise<void> {
  try {
    await lease.release();
  } catch (error) {
    runtime.log.warn('the lease could not be given back; it expires', { error });
  }
}
