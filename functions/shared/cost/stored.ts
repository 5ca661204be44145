import { type AgentConfig, backupPlace } from '../config/index.ts';
import { countedRules, policyOf } from '../retention/policy.ts';
import { type Assumptions, effort } from './assumptions.ts';

/** Days for which the buckets keep what was replaced or deleted. */
const keptDays = 30;

/**
 * Bytes that will lie in the deployment's buckets once it has run for some months: workspaces with
 * what was replaced in them, and the snapshots that retention keeps with those that it has given up
 * lately. `retain.within` is not looked at.
 */
export function storedBytesOf(
  agents: readonly AgentConfig[],
  assumed: Pick<Assumptions, 'bytes' | 'changedPerDay'>,
): number {
  return agents
    .map((agent) => workspaceBytes(agent, assumed) + snapshotBytes(agent, assumed.bytes))
    .reduce((sum, bytes) => sum + bytes, 0);
}

function workspaceBytes(
  { workspace }: AgentConfig,
  { bytes, changedPerDay }: Pick<Assumptions, 'bytes' | 'changedPerDay'>,
): number {
  return workspace.kind === 's3' ? bytes * (1 + keptDays * changedPerDay) : 0;
}

function snapshotBytes(agent: AgentConfig, bytes: number): number {
  const { enabled, interval, retain } = agent.backup;
  if (!enabled || interval === 0 || backupPlace(agent).kind !== 'own') return 0;
  const policy = policyOf(retain);
  const kept = countedRules.reduce((sum, rule) => sum + (policy[rule] ?? 0), 0);
  const givenUp = (keptDays * 24 * 3600) / interval;
  return bytes * effort.compressed * (kept + givenUp);
}
