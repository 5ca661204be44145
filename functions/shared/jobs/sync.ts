import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentConfig } from '../config/index.ts';
import { folders, type PlannedChange, type RunPlan, type Trigger } from '../contract/index.ts';
import { reservedExcludes } from '../push/apply.ts';
import { push, type PushResult } from '../push/push.ts';
import { locateRclone } from '../rclone/locate.ts';
import { openSession } from '../rclone/session.ts';
import { createPlan } from '../runtime/plan.ts';
import type { JobResult } from '../runtime/report.ts';
import type { RunContext } from '../runtime/run.ts';
import { roleCredentials } from '../runtime/runtime.ts';
import {
  agentCloud,
  below,
  bindingOf,
  credentialScope,
  workspaceRemote,
} from '../workspace/places.ts';
import {
  listCloud,
  lookAtBothSides,
  makeMailboxes,
  pushable,
  type Cycle,
  type Sides,
} from './cycle.ts';
import { deliveryReport, partial } from './delivery-report.ts';
import { drainOutbox, type Drained } from './drain-outbox.ts';
import { busy, leaseFor, underLease } from './leased.ts';

/** Whether an agent's configuration wants a run for this trigger: session events are opt-in. */
export function wantsSync({ sync: settings }: AgentConfig, trigger: Trigger): boolean {
  if (trigger === 'session-start') return settings.onSessionStart;
  if (trigger === 'session-end') return settings.onSessionEnd;
  return true;
}

/** One cycle of mailbox mode: push the workspace up, then drain the cloud folder's `_outbox`. */
export async function sync(context: RunContext, agent: AgentConfig): Promise<JobResult> {
  if (agent.sync.provider === 'off') {
    const message = `Agent "${agent.name}" has sync.provider "off": there is no cloud folder.`;
    return { state: 'skipped', reason: { code: 'off', message } };
  }
  if (context.request.dryRun === true) return withCycle(context, agent, 0, dryRun);
  return underLease(context, `agents/${agent.name}/sync`, (lease) =>
    withCycle(context, agent, lease.fence, runCycle),
  );
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
    scope === undefined || fence === 0 ? undefined : await leaseFor(context, scope);
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

async function dryRun(cycle: Cycle): Promise<JobResult> {
  const sides = await lookAtBothSides(cycle);
  if ('code' in sides) return { state: 'blocked', reason: sides };
  const { plan, blocked } = await runPush(cycle, sides, true);
  const deliver = sides.drops.map(({ path, size }): PlannedChange => {
    return { path, bytes: size, side: 'workspace' };
  });
  return {
    state: blocked ? 'blocked' : 'succeeded',
    ...(blocked ? { reason: blocked } : {}),
    plan: withDeliveries(plan, deliver),
  };
}

function withDeliveries(plan: RunPlan, deliver: PlannedChange[]): RunPlan {
  const { totals, ...deliveries } = createPlan({ deliver });
  return {
    ...plan,
    deliver: deliveries.deliver,
    totals: { ...plan.totals, deliver: totals.deliver },
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

async function runPush(cycle: Cycle, sides: Sides, dryRunOnly: boolean): Promise<PushResult> {
  const { context, agent, session, synced, cloud, exclude, fence } = cycle;
  const { runtime, request } = context;
  const trash = `${folders.trash}/${context.runId.slice(0, 8)}/${context.runId}`;
  return push(
    {
      agent: agent.name,
      binding: bindingOf(synced, cloud),
      source: sides.source,
      destination: sides.destination,
      destinationFolders: sides.destinationFolders,
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
        trash: agent.sync.trash ? trash : undefined,
        exclude,
      },
      firstTrash: trash,
      store: runtime.store,
      relist: async () => (await listCloud(cycle)).files.filter(pushable(cycle)),
    },
  );
}

function combine(pushed: PushResult, drained: Drained | undefined): JobResult {
  const { undelivered, remaining, skipped, warnings, ...counts } = deliveryReport(
    drained === undefined || drained === 'busy' ? [] : [drained],
  );
  const unfinished = pushed.timeUp || remaining > 0;
  const troubled = pushed.skipped.length + undelivered;
  return {
    ...(unfinished ? ({ state: 'continued' } as const) : partial(troubled)),
    ...(pushed.blocked ? { state: 'blocked', reason: pushed.blocked, plan: pushed.plan } : {}),
    ...counts,
    filesSent: pushed.filesSent,
    bytesSent: pushed.bytesSent,
    filesDeleted: pushed.filesDeleted,
    apiRetries: pushed.retries,
    skipped: [...pushed.skipped, ...skipped],
    warnings:
      drained === 'busy'
        ? [...warnings, 'the _outbox was not drained: another delivery was under way']
        : warnings,
  };
}
