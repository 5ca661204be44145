import { takeLease, type Lease, type LeaseHeld } from '../state/lease.ts';
import type { JobResult } from '../runtime/report.ts';
import type { RunContext } from '../runtime/run.ts';

/** Takes the lease of a scope for a leg. */
export function leaseFor(context: RunContext, scope: string): Promise<Lease | LeaseHeld> {
  const { runtime, runId, leg, budget } = context;
  return takeLease(runtime.store, runtime.clock, { scope, runId, leg, deadline: budget.deadline });
}

/** What a run says that found another at work. */
export function busy({ runId, until }: LeaseHeld): JobResult {
  const message = `Run ${runId} is at work on this; it is over by ${until} at the latest.`;
  return { state: 'skipped', reason: { code: 'lease-held', message } };
}

/**
 * Does work under the lease of a scope, or says that another run is at it. A run that goes on in
 * another leg keeps the lease for that.
 */
export async function underLease(
  context: RunContext,
  scope: string,
  work: (lease: Lease) => Promise<JobResult>,
): Promise<JobResult> {
  const lease = await leaseFor(context, scope);
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
