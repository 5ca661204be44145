import { isoTime } from '../clock.ts';
import { patientLease } from '../jobs/leased.ts';
import type { LegContext } from '../runtime/run.ts';
import type { Lease, LeaseHeld } from '../state/lease.ts';
import { type AuthorizedRemote, type Credential, credentialsOf, withToken } from './credential.ts';
import { keepTokens } from './keeper.ts';
import { refreshToken } from './refresh.ts';
import { expiresBefore, expiryOf } from './token.ts';

/** Tokens that last for a leg. */
export interface FreshTokens {
  /** The remote with its fresh token: open the session, and name places, with this one. */
  in<R extends AuthorizedRemote>(remote: R): R;
  /** For the session's option of this name: what rclone refreshes on its own is saved at once. */
  onConfig: (text: string) => Promise<void>;
}

/** How long a leg waits while another run uses the same credential. */
const patienceMs = 55_000;

/** An access token that ends so soon after the leg counts as one that ends within it. */
const marginMs = 60_000;

/**
 * Does work with remotes whose OAuth tokens outlast this leg, as far as the provider allows.
 *
 * A token that would expire is refreshed first, by one run at a time, and saved in its entry before
 * the work begins; other runs wait only for that. Where the provider's tokens are shorter than a leg,
 * the credential stays with this leg, and each token that rclone gets meanwhile is saved at once. The
 * work has to close its session.
 *
 * @returns what the work returns, or who has had the credential for all the time that was waited
 * @throws RcloneError where the provider refuses to refresh; TokenNotSavedError where a new refresh
 *   token could not be saved, also after the work
 */
export async function withFreshTokens<T>(
  context: LegContext,
  remotes: readonly (AuthorizedRemote | undefined)[],
  work: (tokens: FreshTokens) => Promise<T>,
): Promise<T | LeaseHeld> {
  const { deployment } = context.runtime;
  const credentials = credentialsOf(
    deployment,
    remotes.filter((remote) => remote !== undefined),
  );
  const leases: Lease[] = [];
  try {
    for (const credential of credentials) {
      const lease = await freshen(context, credential);
      if (lease && 'held' in lease) return lease;
      if (lease) leases.push(lease);
    }
    const keeper = keepTokens(context, credentials, ({ token }) => token);
    const result = await work({
      in: (remote) => withToken(deployment, credentials, remote),
      onConfig: (text) => keeper.onConfig(text),
    });
    keeper.settle();
    return result;
  } finally {
    for (const credential of credentials) tellOf(context, credential);
    await Promise.all(leases.map((lease) => release(context, lease)));
  }
}

/** What a report may say of a token: whose it is, and when it ends. */
function tellOf({ runtime, sawToken }: LegContext, { source, token }: Credential): void {
  const { scope, reference } = source;
  const expiresAt = expiryOf(token);
  const seenAt = isoTime(runtime.clock.now());
  sawToken({ scope, reference, ...(expiresAt === undefined ? {} : { expiresAt }), seenAt });
}

/** @returns a lease to keep for the leg, because the token will have to be refreshed again in it */
async function freshen(
  context: LegContext,
  credential: Credential,
): Promise<Lease | LeaseHeld | undefined> {
  if (!isShort(context, credential)) return undefined;
  const lease = await patientLease(context, credential.scope, patienceMs);
  if ('held' in lease) return lease;
  let keep = false;
  try {
    await readAgain(context, credential);
    if (isShort(context, credential)) await refreshToken(context, credential);
    keep = isShort(context, credential);
  } finally {
    if (!keep) await release(context, lease);
  }
  return keep ? lease : undefined;
}

function isShort({ budget }: LegContext, { token }: Credential): boolean {
  return expiresBefore(token, budget.deadline + marginMs);
}

/** Another run may have refreshed it while this one waited. */
async function readAgain({ runtime }: LegContext, credential: Credential): Promise<void> {
  const { agent, scope, reference } = credential.source;
  const { values } = await runtime.secrets.read(agent, scope, [reference]);
  credential.stored = values[reference] ?? '';
  credential.token = credential.stored;
}

async function release({ runtime }: LegContext, lease: Lease): Promise<void> {
  try {
    await lease.release();
  } catch (error) {
    runtime.log.warn('the lease of a credential could not be given back; it expires', { error });
  }
}
