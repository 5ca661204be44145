import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentConfig } from '../config/index.ts';
import { pushTarget } from '../config/push-target.ts';
import { withFreshTokens, type FreshTokens } from '../credentials/fresh-tokens.ts';
import type { JobRequest, RunReason, Trigger } from '../contract/index.ts';
import { openRclone } from '../runtime/rclone.ts';
import type { JobResult } from '../runtime/report.ts';
import type { RunContext } from '../runtime/run.ts';
import type { Lease } from '../state/lease.ts';
import { agentCloud, below, workspaceRemote } from '../workspace/places.ts';
import { reservedExcludes } from '../workspace/reserved.ts';
import type { Cycle } from './cycle.ts';
import {
  driftBetween,
  fingerprintOf,
  rememberedSettings,
  rememberSettings,
  settingsOf,
} from './drift.ts';
import { busy, underLease } from './leased.ts';
import { bisyncRun } from './modes/bisync.ts';
import { ingestExcludes } from './modes/ingest.ts';
import { mailbox } from './modes/mailbox.ts';
import { mirror } from './modes/mirror.ts';
import { oneWayRun } from './modes/one-way.ts';

/** Whether an agent's configuration wants a run for this trigger: session events are opt-in. */
export function wantsSync({ sync: settings }: AgentConfig, trigger: Trigger): boolean {
  if (trigger === 'session-start') return settings.onSessionStart;
  if (trigger === 'session-end') return settings.onSessionEnd;
  return true;
}

/** Keeps workspace and cloud folder in step, once, in the way that the mode or the request says. */
export async function sync(context: RunContext, agent: AgentConfig): Promise<JobResult> {
  if (agent.sync.provider === 'off') {
    const message = `Agent "${agent.name}" has sync.provider "off": there is no cloud folder.`;
    return { state: 'skipped', reason: { code: 'off', message } };
  }
  const fault = contradiction(context.request, agent);
  if (fault) return { state: 'failed', reason: fault, rejected: true };
  if (context.request.dryRun === true) return withCycle(context, agent, 0, preview);
  const scope = `agents/${agent.name}/sync`;
  const work = (lease: Lease): Promise<JobResult> =>
    withCycle(context, agent, lease.fence, runOnce);
  // A leg that is asked for twice would do again what somebody has undone since.
  return underLease(context, scope, work, 0, true);
}

/** What a request asks for that this agent's mode has no meaning for. */
function contradiction(
  { resync, direction }: JobRequest,
  { name, sync: { mode } }: AgentConfig,
): RunReason | undefined {
  if (!resync) return undefined;
  if (mode !== 'bisync') {
    const message = `"resync" belongs to mode "bisync", and agent "${name}" has mode "${mode ?? 'none'}". Leave it out.`;
    return { code: 'request', message };
  }
  if (direction === undefined) return undefined;
  const message = `"resync" goes both ways, and "direction": "${direction}" one way. Ask for one of them.`;
  return { code: 'request', message };
}

/** What would be done. Nothing is written, here or there. */
async function preview(cycle: Cycle): Promise<JobResult> {
  const before = await rememberedSettings(cycle);
  const drift = before && driftBetween(before, settingsOf(cycle));
  const result = await inItsWay(cycle, true);
  return drift ? { ...result, warnings: [...(result.warnings ?? []), drift.message] } : result;
}

/** One run; it waits for somebody where the configuration is not what it was. */
async function runOnce(cycle: Cycle): Promise<JobResult> {
  const before = await rememberedSettings(cycle);
  const now = settingsOf(cycle);
  const drift = before && driftBetween(before, now);
  const isConfirmed = cycle.context.request.confirmConfig === fingerprintOf(now);
  if (drift && !isConfirmed) return blockedByDrift(cycle, drift);
  if (drift) await rememberSettings(cycle, now);
  const result = await inItsWay(cycle, false);
  // A first run that a guard has stopped has not settled anything: its settings may still change.
  if (!before && result.state !== 'blocked') await rememberSettings(cycle, now);
  return result.pushed ? { ...result, pushedTo: pushTarget(cycle.agent) } : result;
}

async function blockedByDrift(cycle: Cycle, reason: RunReason): Promise<JobResult> {
  const { plan, reason: also, skipped = [] } = await inItsWay(cycle, true);
  return {
    state: 'blocked',
    reason,
    ...(plan ? { plan } : {}),
    skipped,
    warnings: also ? [`after that: ${also.message}`] : [],
  };
}

function inItsWay(cycle: Cycle, dryRun: boolean): Promise<JobResult> {
  const { direction } = cycle.context.request;
  if (direction) return oneWayRun(cycle, direction, dryRun);
  switch (cycle.agent.sync.mode) {
    case 'mirror':
      return mirror(cycle, dryRun);
    case 'bisync':
      return bisyncRun(cycle, dryRun);
    case 'mailbox':
    case undefined:
      return mailbox(cycle, dryRun);
  }
}

async function withCycle(
  context: RunContext,
  agent: AgentConfig,
  fence: number,
  work: (cycle: Cycle) => Promise<JobResult>,
): Promise<JobResult> {
  const { runtime } = context;
  const [workspace, cloud] = await Promise.all([
    workspaceRemote(runtime, agent),
    agentCloud(runtime, agent),
  ]);
  const result = await withFreshTokens(context, [workspace, cloud], (tokens) => {
    const places = { workspace: tokens.in(workspace), cloud: tokens.in(cloud) };
    return withSession(context, places, tokens, (opened) =>
      work({
        context,
        agent,
        fence,
        ...places,
        ...opened,
        synced: below(places.workspace, agent.sync.localPath),
        exclude: [
          ...reservedExcludes(isCaseless(places)),
          ...ingestExcludes(agent.sync),
          ...agent.sync.exclude,
        ],
      }),
    );
  });
  return 'held' in result ? busy(result) : result;
}

function isCaseless({ workspace, cloud }: Pick<Cycle, 'workspace' | 'cloud'>): boolean {
  return workspace.caseInsensitive || cloud.caseInsensitive;
}

async function withSession(
  context: RunContext,
  { workspace, cloud }: Pick<Cycle, 'workspace' | 'cloud'>,
  { onConfig }: FreshTokens,
  work: (opened: Pick<Cycle, 'session' | 'scratchFolder'>) => Promise<JobResult>,
): Promise<JobResult> {
  const scratchFolder = await mkdtemp(join(context.runtime.temporaryFolder, 'scratch-'));
  const session = await openRclone(context, [cloud, workspace], { onConfig });
  try {
    return await work({ session, scratchFolder });
  } finally {
    await session.close();
    await rm(scratchFolder, { recursive: true, force: true });
  }
}
