import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentConfig } from '../config/index.ts';
import { environment, folders, stagingPrefix } from '../contract/index.ts';
import { type FreshTokens, withFreshTokens } from '../credentials/fresh-tokens.ts';
import { linkAdmission } from '../drop-link/admission.ts';
import { deliver, type DeliveryDeps, type DeliveryResult } from '../mailbox/deliver.ts';
import { rcloneCarrier, rcloneInbox } from '../mailbox/rclone-mailbox.ts';
import { s3Carrier, s3Inbox } from '../mailbox/s3-inbox.ts';
import { hashDrops, listDrops, s3Outbox, type DropPlace } from '../mailbox/s3-outbox.ts';
import { stagedCarrier } from '../mailbox/staging.ts';
import type { Remote } from '../rclone/remote.ts';
import { openRclone } from '../runtime/rclone.ts';
import type { JobResult } from '../runtime/report.ts';
import type { RunContext } from '../runtime/run.ts';
import { required } from '../runtime/runtime.ts';
import { takeLease, type Lease } from '../state/lease.ts';
import { s3ObjectStore } from '../state/s3-object-store.ts';
import { announcements, deliveryReport, partial, tellOfDrops, timeUp } from './delivery-report.ts';
import { busy } from './leased.ts';
import { exchangeRemote, workspaceRemote } from '../workspace/places.ts';

/**
 * Delivers what lies in an agent's drop folder. What invoked it is only a hint: it looks for
 * itself, and looks again after each round until nothing new is there. It has one leg, and a report of
 * it: what is left when the time is up is for the next drain, which looks for itself as well.
 */
export async function drain(context: RunContext, agent: AgentConfig): Promise<JobResult> {
  const { runtime, runId, leg, budget } = context;
  const place: DropPlace = {
    client: runtime.s3,
    bucket: required(runtime.env, environment.exchangeBucket),
    agent: agent.name,
  };
  const scope = `agents/${agent.name}/inbox`;
  const lease = await takeLease(runtime.store, runtime.clock, {
    scope,
    runId,
    leg,
    deadline: budget.deadline,
  });
  if ('held' in lease) {
    const message = `Run ${lease.runId} is delivering; it is over by ${lease.until} at the latest.`;
    return { state: 'skipped', reason: { code: 'lease-held', message } };
  }
  try {
    return await withMailbox(context, agent, place, lease, (deps) =>
      drainRounds(context, agent, place, deps),
    );
  } finally {
    await lease.release();
  }
}

type MailboxDeps = Pick<DeliveryDeps, 'inbox' | 'carrier'>;

/** The way into the workspace: conditional writes where it lies in S3, rclone elsewhere. */
async function withMailbox(
  context: RunContext,
  agent: AgentConfig,
  place: DropPlace,
  lease: Lease,
  work: (deps: MailboxDeps) => Promise<JobResult>,
): Promise<JobResult> {
  const { runtime } = context;
  if (agent.workspace.kind === 's3') {
    const bucket = required(runtime.env, environment.workspaceBucket);
    const workspace = { client: runtime.s3, bucket, agent: agent.name };
    return work({ inbox: s3Inbox(workspace), carrier: s3Carrier(place, workspace) });
  }
  const workspace = await workspaceRemote(runtime, agent);
  const result = await withFreshTokens(context, [workspace], (tokens) =>
    withRclone(context, { workspace: tokens.in(workspace), place, lease, tokens }, work),
  );
  return 'held' in result ? busy(result) : result;
}

interface RcloneMailbox {
  workspace: Remote;
  place: DropPlace;
  lease: Lease;
  tokens: FreshTokens;
}

async function withRclone(
  context: RunContext,
  { workspace, place, lease, tokens }: RcloneMailbox,
  work: (deps: MailboxDeps) => Promise<JobResult>,
): Promise<JobResult> {
  const { runtime, request } = context;
  const prefix = stagingPrefix(request.agent, lease.runId);
  const staged = exchangeRemote(runtime, prefix);
  const scratchFolder = await mkdtemp(join(runtime.temporaryFolder, 'scratch-'));
  const session = await openRclone(context, [staged, workspace], { onConfig: tokens.onConfig });
  try {
    const from = { session, remote: staged, path: '' };
    const to = { session, remote: workspace, path: folders.inbox };
    const { store } = runtime;
    return await work({
      inbox: rcloneInbox(to, scratchFolder),
      carrier: stagedCarrier(
        place,
        prefix,
        rcloneCarrier({
          from,
          to,
          store,
          agent: request.agent,
          fence: lease.fence,
          hashesOf: (drops) => hashDrops(place, drops),
        }),
      ),
    });
  } finally {
    await session.close();
    await rm(scratchFolder, { recursive: true, force: true });
  }
}

async function drainRounds(
  context: RunContext,
  agent: AgentConfig,
  place: DropPlace,
  mailbox: MailboxDeps,
): Promise<JobResult> {
  const { runtime, runId, budget } = context;
  const deps: DeliveryDeps = {
    ...mailbox,
    outbox: s3Outbox(place),
    admission: linkAdmission({
      place,
      maxDropBytes: agent.sync.maxDropBytes,
      state: runtime.store,
      exchange: s3ObjectStore(place.client, place.bucket),
      clock: runtime.clock,
      log: runtime.log,
    }),
    ...announcements(context, agent),
    budget,
    clock: runtime.clock,
    log: runtime.log,
  };
  const rounds: DeliveryResult[] = [];
  const tried = new Set<string>();
  for (;;) {
    // What was tried in this run and stayed is left for the next: it would only stay again.
    const drops = (await listDrops(place)).filter(
      ({ path, version }) => !tried.has(`${version}/${path}`),
    );
    for (const { path, version } of drops) tried.add(`${version}/${path}`);
    if (drops.length === 0) return summarise(rounds);
    tellOfDrops(context, drops);
    const round = await deliver(
      { agent: agent.name, runId, drops, maxDropBytes: agent.sync.maxDropBytes },
      deps,
    );
    rounds.push(round);
    if (round.remaining > 0) return summarise(rounds);
  }
}

function summarise(rounds: DeliveryResult[]): JobResult {
  const { undelivered, remaining, ...report } = deliveryReport(rounds);
  return { ...(remaining > 0 ? timeUp(remaining) : partial(undelivered)), ...report };
}
