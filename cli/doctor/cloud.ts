import { randomUUID } from 'node:crypto';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import {
  type AuthorizedRemote,
  type Credential,
  credentialsOf,
  type TokenSource,
} from '../../functions/shared/credentials/credential.ts';
import { expiresBefore } from '../../functions/shared/credentials/token.ts';
import { type Lease, type LeaseHeld, takeLease } from '../../functions/shared/state/lease.ts';
import { s3ObjectStore } from '../../functions/shared/state/s3-object-store.ts';
import { wordsFor } from '../aws/faults.ts';
import { commandInQuotes, type Chosen } from '../command-line.ts';
import { bucketOf } from '../context.ts';
import { regionOf } from '../deploy/bootstrapped.ts';
import { CommandFailure } from '../failure.ts';
import { inOneLine, timeInWords } from '../output/words.ts';
import { cloudOf } from '../rclone/cloud.ts';
import { reach, type Reached } from '../rclone/reach.ts';
import { type KeptToken, keptToken } from '../secrets/kept-token.ts';
import type { Examination } from './examination.ts';
import { type Found, unknown, well, wrong } from './finding.ts';

/** How long all listings from here may take together, where they have to wait for each other. */
const patienceMs = 60_000;

/** As runs have it: an access token that ends so soon counts as one that is refreshed on the way. */
const marginMs = 60_000;

/** A lease outlasts the listing by the time that it takes to save a token. */
const savingMs = 35_000;

/** How long a run is waited for that refreshes a token: mostly it is a matter of seconds. */
const leasePatienceMs = 10_000;

/**
 * Lists the cloud folder of each agent from this machine. Many refresh tokens can be used once: agents
 * with the same one come after each other, and it is refreshed under the lease under which runs do so.
 */
export async function cloudFromHere(examination: Examination): Promise<Found[]> {
  const { agents, shell } = examination;
  const until = shell.clock.now() + patienceMs;
  const synced = agents().filter(({ sync }) => sync.provider !== 'off');
  const entries = Map.groupBy(synced, ({ name, sync }) => sync.credentialsOf ?? name);
  const found = await Promise.all(
    [...entries.values()].map((sharing) => oneByOne(examination, sharing, until)),
  );
  return found.flat();
}

async function oneByOne(
  examination: Examination,
  agents: readonly AgentConfig[],
  until: number,
): Promise<Found[]> {
  const { shell, general } = examination;
  const found: Found[] = [];
  for (const agent of agents) {
    const about = agent.name;
    if (shell.clock.now() >= until) {
      found.push(unknown('There was no time left: agents before it took it all', about));
      continue;
    }
    const failed = (error: unknown): Found =>
      wrong(wordsFor(error, general), cloudCure({ ...general, agent: about }), { about });
    found.push(await lookFromHere(examination, agent, until).catch(failed));
  }
  return found;
}

async function lookFromHere(
  examination: Examination,
  agent: AgentConfig,
  until: number,
): Promise<Found> {
  const { site, target } = examination;
  const { entries, deployment } = site();
  const region = await regionOf(target);
  const remote = await cloudOf(agent, entries, region, target);
  const [credential] = credentialsOf(deployment, [remote]);
  if (!credential || !expiresBefore(credential.token, until + marginMs)) {
    return listFromHere(examination, agent, remote, until);
  }
  const lease = await leaseOf(examination, credential, until);
  if ('state' in lease) return { ...lease, about: agent.name };
  try {
    // A run may have refreshed it while this one waited.
    const again = await cloudOf(agent, entries, region, target);
    return await listFromHere(examination, agent, again, until);
  } finally {
    // Where it cannot be given back, it expires.
    await lease.release().catch(() => undefined);
  }
}

async function listFromHere(
  { site, shell, general }: Examination,
  agent: AgentConfig,
  remote: AuthorizedRemote,
  until: number,
): Promise<Found> {
  const kept = keptToken(site().entries, remote);
  const left = until - shell.clock.now();
  const reached = await reach(shell, remote, (token) => kept.save(token), left);
  const chosen = { ...general, agent: agent.name };
  return lost(kept, remote.tokenSource, chosen) ?? inFinding(reached, chosen);
}

/** A token that the provider has replaced, and whose successor is nowhere but here, is soon missed. */
function lost(
  { unsaved }: KeptToken,
  source: TokenSource | undefined,
  chosen: Chosen & { agent: string },
): Found | undefined {
  if (unsaved === undefined) return undefined;
  const which = source === undefined ? 'the token' : `the token ${source.reference}`;
  return wrong(
    `The provider has replaced ${which}, and the new one was not saved: ${unsaved}`,
    `If the next run says invalid_grant, log in anew with ${commandInQuotes(['authorize'], chosen)}`,
    { about: chosen.agent, runbook: 'a-new-token' },
  );
}

function inFinding(found: Reached, chosen: Chosen & { agent: string }): Found {
  const about = chosen.agent;
  switch (found.outcome) {
    case 'listed':
      return well('The cloud folder answers this machine', about);
    case 'not-found':
      return wrong(
        'The account answers, and the cloud folder is not there',
        `The next sync makes it: ${commandInQuotes(['sync'], chosen)}; or correct sync.remotePath`,
        { about },
      );
    case 'failed':
      return wrong(inOneLine(found.why), cloudCure(chosen), { about, runbook: 'a-new-token' });
  }
}

/** The lease of a credential, or why the folder is not looked at. */
async function leaseOf(
  examination: Examination,
  { scope, source }: Credential,
  until: number,
): Promise<Pick<Lease, 'release'> | Found> {
  const { shell, general } = examination;
  try {
    const lease = await patientLease(examination, scope, until);
    if (!('held' in lease)) return lease;
    const end = timeInWords(lease.until, shell.clock.now());
    return unknown(
      `Not looked at: run ${lease.runId} is refreshing the token ${source.reference}, until ${end} at the latest`,
    );
  } catch (error) {
    return unknown(
      `Not looked at: the token ${source.reference} would be refreshed, and its lease, without which a ` +
        `run may do so too, cannot be had: ${wordsFor(error, general)}`,
    );
  }
}

async function patientLease(
  examination: Examination,
  scope: string,
  until: number,
): Promise<Pick<Lease, 'release'> | LeaseHeld> {
  const { clients, shell } = examination;
  const deployment = await examination.deployment().catch(ifDeployed);
  // Where nothing is deployed, nothing else refreshes it.
  if (!deployment) return { release: () => Promise.resolve() };
  const store = s3ObjectStore(clients.s3, bucketOf({ deployment }, 'State'));
  const runId = `doctor-${randomUUID().slice(0, 8)}`;
  const giveUpAt = shell.clock.now() + leasePatienceMs;
  for (;;) {
    const deadline = until + savingMs;
    const lease = await takeLease(store, shell.clock, { scope, runId, leg: 1, deadline });
    if (!('held' in lease) || shell.clock.now() >= giveUpAt) return lease;
    await shell.clock.sleep(1_000);
  }
}

function ifDeployed(error: unknown): undefined {
  if (error instanceof CommandFailure && error.code === 'no-deployment') return undefined;
  throw error;
}

/** What helps where a provider does not let us in. */
export function cloudCure(chosen: Chosen): string {
  const [authorize, list] = [['authorize'], ['secrets', 'list']].map((words) =>
    commandInQuotes(words, chosen),
  );
  return `Log in anew with ${authorize}, or set the password anew: ${list} names it`;
}
