import { takeLease, type Lease, type LeaseHeld } from '../state/lease.ts';
import { alreadyOver, isRepeated } from '../runtime/repeated.ts';
import type { JobResult } from '../runtime/report.ts';
import type { LegContext, RunContext } from '../runtime/run.ts';

/** Takes the lease of a scope for a leg. */
function leaseFor(
  context: LegContext,
  scope: string,
  onlyInherits: boolean,
): Promise<Lease | LeaseHeld> {
  const { runtime, runId, leg, budget } = context;
  const request = { scope, runId, leg, deadline: budget.deadline, onlyInherits };
  return takeLease(runtime.store, runtime.clock, request);
}

const pauseMs = 1_000;

/** How long the pruning after a backup is waited for, by who needs what it may delete. */
export const pruningMs = 30_000;

/**
 * The same, for who may wait a while for a short job: at most half of the leg's time. Nobody waits for
 * himself: a run that was asked for twice would be done twice.
 */
export async function patientLease(
  context: LegContext,
  scope: string,
  patienceMs: number,
  onlyInherits = false,
): Promise<Lease | LeaseHeld> {
  const { clock } = context.runtime;
  const until = clock.now() + Math.min(patienceMs, context.budget.remaining() / 2);
  for (;;) {
    const lease = await leaseFor(context, scope, onlyInherits);
    const isDecided = !('held' in lease) || lease.runId === context.runId;
    if (isDecided || clock.now() >= until) return lease;
    await clock.sleep(pauseMs);
  }
}

/**
 * What a run says that found another at work, or itself, because it was asked for twice.
 * @param what what the other one is at, in a few words
 */
export function busy({ runId, until, over }: LeaseHeld, own?: string, what = 'this'): JobResult {
  if (over) return alreadyOver(runId);
  const message = `Run ${runId} is at work on ${what}; it is over by ${until} at the latest.`;
  const reason = { code: 'lease-held', message };
  return { state: 'skipped', reason, ...(runId === own ? { repeated: true } : {}) };
}

/**
 * Does work under the lease of a scope, or says that another run is at it. A run that goes on in
 * another leg keeps the lease for that; one that has ended, until its report is in the history, so that
 * a request that comes twice finds the one or the other.
 * @param patienceMs how long to wait where another run is at it
 * @param onlyInherits whether a later leg is refused that does not find the lease of the one before
 */
export async function underLease(
  context: RunContext,
  scope: string,
  work: (lease: Lease) => Promise<JobResult>,
  patienceMs = 0,
  onlyInherits = false,
): Promise<JobResult> {
  const lease = await patientLease(context, scope, patienceMs, onlyInherits);
  if ('held' in lease) return busy(lease, context.runId, `"${scope}"`);
  let keep = false;
  try {
    // Since the wrapper has asked, the same request may have been done.
    if (await isRepeated(context)) return alreadyOver(context.runId);
    const result = await work(lease);
    keep = context.goesOn(result);
    return result;
  } finally {
    if (!keep) await releaseOnceKept(context, lease);
  }
}

/**
 * As {@link underLease}, with several leases, of which `work` gets the last. Who needs more than one of
 * the same takes them in the same order, so that no two wait for each other.
 */
export async function underLeases(
  context: RunContext,
  [scope, ...more]: readonly [string, ...string[]],
  work: (lease: Lease) => Promise<JobResult>,
  patienceMs: number,
): Promise<JobResult> {
  const [next, ...rest] = more;
  const inside =
    next === undefined ? work : () => underLeases(context, [next, ...rest], work, patienceMs);
  return underLease(context, scope, inside, patienceMs);
}

async function releaseOnceKept(context: RunContext, lease: Lease): Promise<void> {
  if (context.onceKept) context.onceKept(() => release(context, lease));
  else await release(context, lease);
}

async function release({ runtime }: RunContext, lease: Lease): Promise<void> {
  try {
    await lease.release();
  } catch (error) {
    runtime.log.warn('the lease could not be given back; it expires', { error });
  }
}
