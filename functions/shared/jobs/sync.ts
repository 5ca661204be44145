import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentConfig } from '../config/index.ts';
import {
  environment,
  folders,
  workspacePrefix,
  type RunReason,
  type Trigger,
} from '../contract/index.ts';
import { announce } from '../mailbox/announce.ts';
import { deliver, type DeliveryResult } from '../mailbox/deliver.ts';
import type { Drop } from '../mailbox/delivery.ts';
import {
  dropOf,
  listOutbox,
  rcloneCarrier,
  rcloneInbox,
  rcloneOutbox,
} from '../mailbox/rclone-mailbox.ts';
import { inboxKey, s3Inbox } from '../mailbox/s3-inbox.ts';
import { reservedExcludes } from '../push/apply.ts';
import { push, type PushResult } from '../push/push.ts';
import { excludeMatcher } from '../rclone/filter.ts';
import { parseListing, type Listing, type ListedFile } from '../rclone/listing.ts';
import { locateRclone } from '../rclone/locate.ts';
import type { Remote } from '../rclone/remote.ts';
import { openSession, RcloneError, type RcloneSession } from '../rclone/session.ts';
import type { JobResult, RunContext } from '../runtime/run.ts';
import { reasonOf } from '../runtime/run.ts';
import { required, roleCredentials } from '../runtime/runtime.ts';
import { takeLease, type Lease, type LeaseHeld } from '../state/lease.ts';
import { listPrefix } from '../workspace/listing.ts';
import {
  agentCloud,
  below,
  bindingOf,
  credentialScope,
  workspaceRemote,
} from '../workspace/places.ts';

/** Whether an agent's configuration wants a run for this trigger: session events are opt-in. */
export function wantsSync({ sync: settings }: AgentConfig, trigger: Trigger): boolean {
  if (trigger === 'session-start') return settings.onSessionStart;
  if (trigger === 'session-end') return settings.onSessionEnd;
  return true;
}

/** What a cycle works with. */
interface Cycle {
  context: RunContext;
  agent: AgentConfig;
  session: RcloneSession;
  /** The whole workspace: `_inbox` lies at its root. */
  workspace: Remote;
  /** The folder of the workspace that is synchronised. */
  synced: Remote;
  cloud: Remote;
  exclude: string[];
  scratchFolder: string;
  fence: number;
}

/** One cycle of mailbox mode: push the workspace up, then drain the cloud folder's `_outbox`. */
export async function sync(context: RunContext, agent: AgentConfig): Promise<JobResult> {
  if (agent.sync.provider === 'off') {
    const message = `Agent "${agent.name}" has sync.provider "off": there is no cloud folder.`;
    return { state: 'skipped', reason: { code: 'off', message } };
  }
  if (context.request.dryRun === true) return withCycle(context, agent, 0, dryRun);
  const { runtime } = context;
  const lease = await takeAgentLease(context, `agents/${agent.name}/sync`);
  if ('held' in lease) return busy(lease);
  let keep = false;
  try {
    const result = await withCycle(context, agent, lease.fence, runCycle);
    keep = result.state === 'continued';
    return result;
  } finally {
    // The next leg inherits the lease of a run that goes on.
    if (!keep)
      await lease.release().catch((error: unknown) => {
        runtime.log.warn('the lease could not be given back; it expires', { error });
      });
  }
}

function takeAgentLease(context: RunContext, scope: string): Promise<Lease | LeaseHeld> {
  const { runtime, runId, leg, budget } = context;
  return takeLease(runtime.store, runtime.clock, { scope, runId, leg, deadline: budget.deadline });
}

function busy({ runId, until }: LeaseHeld): JobResult {
  const message = `Run ${runId} is at work on this; it is over by ${until} at the latest.`;
  return { state: 'skipped', reason: { code: 'lease-held', message } };
}

async function withCycle(
  context: RunContext,
  agent: AgentConfig,
  fence: number,
  work: (cycle: Cycle) => Promise<JobResult>,
): Promise<JobResult> {
  const { runtime, budget } = context;
  const workspace = await workspaceRemote(runtime, agent);
  const cloud = await agentCloud(runtime, agent);
  const scope = credentialScope(cloud);
  const credential =
    scope === undefined || fence === 0 ? undefined : await takeAgentLease(context, scope);
  if (credential && 'held' in credential) return busy(credential);
  const scratchFolder = await mkdtemp(join(runtime.temporaryFolder, 'scratch-'));
  const synced = below(workspace, agent.sync.localPath);
  const session = await openSession({
    binary: locateRclone(runtime.env, runtime.temporaryFolder),
    remotes: [cloud, workspace],
    log: runtime.log,
    remaining: () => budget.remaining(),
    temporaryFolder: runtime.temporaryFolder,
    env: roleCredentials(runtime.env),
  });
  try {
    const exclude = [...reservedExcludes, ...agent.sync.exclude];
    return await work({
      context,
      agent,
      session,
      workspace,
      synced,
      cloud,
      exclude,
      scratchFolder,
      fence,
    });
  } finally {
    await session.close();
    await rm(scratchFolder, { recursive: true, force: true });
    await credential?.release();
  }
}

/** Both sides as they are. */
interface Sides {
  source: ListedFile[];
  destination: ListedFile[];
  drops: Drop[];
  outboxExists: boolean;
}

async function lookAtBothSides(cycle: Cycle): Promise<Sides | RunReason> {
  const [source, cloud] = await Promise.all([listWorkspace(cycle), listCloud(cycle)]);
  if ('code' in source) return source;
  const excluded = excludeMatcher(cycle.exclude);
  const keep = (file: ListedFile): boolean => !excluded(file.path);
  const inOutbox = `${folders.outbox}/`;
  return {
    source: source.files.filter(keep),
    destination: cloud.files.filter(keep),
    drops: cloud.files
      .filter(({ path }) => path.startsWith(inOutbox))
      .map((file) => dropOf({ ...file, path: file.path.slice(inOutbox.length) })),
    outboxExists: cloud.folders.includes(folders.outbox),
  };
}

/** A workspace that cannot be read is not an empty one: the run is blocked. */
async function listWorkspace({
  context,
  agent,
  session,
  synced,
}: Cycle): Promise<Listing | RunReason> {
  const { runtime } = context;
  try {
    if (agent.workspace.kind === 's3') {
      const path = agent.sync.localPath;
      const prefix = workspacePrefix(agent.name) + (path === '' ? '' : `${path}/`);
      return await listPrefix(
        runtime.s3,
        required(runtime.env, environment.workspaceBucket),
        prefix,
      );
    }
    const result = await session.run({ kind: 'list', from: { remote: synced, path: '' } });
    if (result.outcome !== 'done') throw new RcloneError('The workspace cannot be listed', result);
    return parseListing(result.stdout);
  } catch (error) {
    const message = `The workspace cannot be read: ${reasonOf(error).message}. Nothing was changed.`;
    return { code: 'source-unreadable', message };
  }
}

async function listCloud({ session, cloud, exclude }: Cycle): Promise<Listing> {
  const result = await session.run({
    kind: 'list',
    from: { remote: cloud, path: '' },
    exclude: exclude.filter((pattern) => pattern !== `/${folders.outbox}/**`),
  });
  if (result.outcome === 'not-found') return { files: [], folders: [] };
  if (result.outcome !== 'done') throw new RcloneError('The cloud folder cannot be listed', result);
  return parseListing(result.stdout);
}

async function dryRun(cycle: Cycle): Promise<JobResult> {
  const sides = await lookAtBothSides(cycle);
  if ('code' in sides) return { state: 'blocked', reason: sides };
  const { plan, blocked } = await runPush(cycle, sides, true);
  const waiting = sides.drops.map(({ path, size }) => ({ path, bytes: size }));
  const bytes = waiting.reduce((sum, file) => sum + file.bytes, 0);
  return {
    state: blocked ? 'blocked' : 'succeeded',
    ...(blocked ? { reason: blocked } : {}),
    plan: {
      ...plan,
      deliver: waiting.slice(0, 1_000),
      totals: { ...plan.totals, deliver: { files: waiting.length, bytes } },
    },
  };
}

async function runCycle(cycle: Cycle): Promise<JobResult> {
  const sides = await lookAtBothSides(cycle);
  if ('code' in sides) return { state: 'blocked', reason: sides };
  await makeMailboxes(cycle, sides);
  const pushed = await runPush(cycle, sides, false);
  const drained = pushed.timeUp ? undefined : await drainOutbox(cycle, sides.drops);
  return combine(pushed, drained);
}

/** Makes `_outbox` in the cloud folder and `_inbox` in the workspace where they are missing. */
async function makeMailboxes(
  { context, agent, session, cloud, workspace }: Cycle,
  sides: Sides,
): Promise<void> {
  const { runtime } = context;
  if (!sides.outboxExists) {
    const result = await session.run({
      kind: 'make-folder',
      at: { remote: cloud, path: folders.outbox },
    });
    if (result.outcome !== 'done') throw new RcloneError('The _outbox cannot be made', result);
  }
  if (agent.workspace.kind === 's3') {
    const { PutObjectCommand } = await import('@aws-sdk/client-s3');
    const marker = {
      Bucket: required(runtime.env, environment.workspaceBucket),
      Key: inboxKey(agent.name, ''),
      Body: '',
      IfNoneMatch: '*',
    };
    await runtime.s3.send(new PutObjectCommand(marker)).catch(ignoreExisting);
    return;
  }
  const result = await session.run({
    kind: 'make-folder',
    at: { remote: workspace, path: folders.inbox },
  });
  if (result.outcome !== 'done') throw new RcloneError('The _inbox cannot be made', result);
}

function ignoreExisting(error: unknown): void {
  if ((error as { name?: string }).name !== 'PreconditionFailed') throw error;
}

async function runPush(cycle: Cycle, sides: Sides, dryRunOnly: boolean): Promise<PushResult> {
  const { context, agent, session, synced, cloud, exclude, fence } = cycle;
  const { runtime, request } = context;
  return push(
    {
      agent: agent.name,
      binding: bindingOf(synced, cloud),
      source: sides.source,
      destination: sides.destination,
      limits: {
        maxDeletePercent: agent.sync.maxDeletePercent,
        maxDeleteFiles: agent.sync.maxDeleteFiles,
        confirmDeletes: request.confirmDeletes,
      },
      dryRun: dryRunOnly,
      fence,
    },
    {
      places: {
        session,
        workspace: synced,
        cloud,
        trash: agent.sync.trash
          ? `${folders.trash}/${context.runId.slice(0, 8)}/${context.runId}`
          : undefined,
        exclude,
      },
      store: runtime.store,
      clock: runtime.clock,
      relist: async () => {
        const excluded = excludeMatcher(exclude);
        return (await listCloud(cycle)).files.filter(({ path }) => !excluded(path));
      },
    },
  );
}

/** What a drain of the cloud folder came to; `busy` when another delivery held the inbox. */
type Drained = DeliveryResult | 'busy';

async function drainOutbox(cycle: Cycle, seen: Drop[]): Promise<Drained | undefined> {
  if (seen.length === 0) return undefined;
  const { context, agent, session, cloud, workspace, scratchFolder } = cycle;
  const { runtime, runId, budget } = context;
  const outbox = { session, remote: cloud, path: folders.outbox };
  const inbox = { session, remote: workspace, path: folders.inbox };
  const drops = await settledDrops(cycle, seen, () => listOutbox(outbox));
  const lease = await takeAgentLease(context, `agents/${agent.name}/inbox`);
  if ('held' in lease) return 'busy';
  try {
    return await deliver(
      { agent: agent.name, runId, drops, maxDropBytes: agent.sync.maxDropBytes },
      {
        outbox: rcloneOutbox(outbox, 'cloud'),
        inbox:
          agent.workspace.kind === 's3'
            ? s3Inbox({
                client: runtime.s3,
                bucket: required(runtime.env, environment.workspaceBucket),
                agent: agent.name,
              })
            : rcloneInbox(inbox, scratchFolder),
        carrier: rcloneCarrier({
          from: outbox,
          to: inbox,
          store: runtime.store,
          agent: agent.name,
          fence: lease.fence,
        }),
        announce: (deliveries) =>
          announce(
            runtime,
            { agent: agent.name, runId, notify: agent.sync.notifyOnInbox },
            deliveries,
          ),
        budget,
        clock: runtime.clock,
        log: runtime.log,
      },
    );
  } finally {
    await lease.release();
  }
}

/** A file that is still growing is left for a later run: only what has not changed is taken. */
async function settledDrops(
  { context, agent }: Cycle,
  seen: Drop[],
  look: () => Promise<Drop[]>,
): Promise<Drop[]> {
  if (agent.sync.settle === 0) return seen;
  await context.runtime.clock.sleep(agent.sync.settle * 1_000);
  const before = new Map(seen.map(({ path, version }) => [path, version]));
  return (await look()).filter(({ path, version }) => before.get(path) === version);
}

function combine(pushed: PushResult, drained: Drained | undefined): JobResult {
  const delivery = drained === 'busy' ? undefined : drained;
  const delivered = delivery?.delivered ?? [];
  const skipped = [...pushed.skipped, ...(delivery?.skipped ?? [])];
  return {
    ...stateOf(pushed, drained),
    filesSent: pushed.filesSent,
    bytesSent: pushed.bytesSent,
    filesDeleted: pushed.filesDeleted,
    filesDelivered: delivered.length,
    bytesDelivered: delivered.reduce((sum, { size }) => sum + size, 0),
    filesQuarantined: delivery?.quarantined.length ?? 0,
    apiRetries: pushed.retries,
    skipped,
    delivered: delivered.map(({ name }) => name),
    warnings: warningsOf(delivery, drained),
    ...(pushed.blocked ? { plan: pushed.plan } : {}),
  };
}

function warningsOf(delivery: DeliveryResult | undefined, drained: Drained | undefined): string[] {
  return [
    ...(drained === 'busy' ? ['the _outbox was not drained: another delivery was under way'] : []),
    ...(delivery?.delivered ?? [])
      .filter(({ flags }) => flags.includes('control-file'))
      .map(
        ({ name }) => `"${name}" bears the name of a file that steers an agent; it stays in _inbox`,
      ),
  ];
}

function stateOf(
  pushed: PushResult,
  drained: Drained | undefined,
): Pick<JobResult, 'state' | 'reason'> {
  if (pushed.blocked) return { state: 'blocked', reason: pushed.blocked };
  const remaining = drained !== undefined && drained !== 'busy' ? drained.remaining : 0;
  if (pushed.timeUp || remaining > 0) return { state: 'continued' };
  const delivery = drained === 'busy' ? undefined : drained;
  const troubled =
    pushed.skipped.length + (delivery?.failures ?? 0) + (delivery?.quarantined.length ?? 0);
  if (troubled === 0) return { state: 'succeeded' };
  const message = `${troubled} files could not be handled; each is listed with its reason.`;
  return { state: 'partial', reason: { code: 'files-skipped', message } };
}
