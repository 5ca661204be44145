import { epochOf, systemClock } from '../functions/shared/clock.ts';
import { clockToleranceMs } from '../functions/shared/retention/effective-time.ts';
import type { CatalogSnapshot, PluginSnapshot } from '../functions/shared/snapshot/read/catalog.ts';
import {
  SnapshotDamagedError,
  SnapshotMissingError,
} from '../functions/shared/snapshot/read/errors.ts';
import { UsageError } from './errors.ts';
import type { AgentSnapshots, FolderContents } from './folder-contents.ts';

/** The snapshot that is meant. */
export type Chosen =
  | { kind: 'own'; agent: string; snapshot: CatalogSnapshot; notes: string[] }
  | { kind: 'plugin'; snapshot: PluginSnapshot; notes: string[] };

/** Which snapshot somebody wants. */
export interface Wanted {
  snapshot?: string;
  agent?: string;
}

/**
 * @throws UsageError where more than one agent could be meant, or there is no such agent
 * @throws SnapshotMissingError, SnapshotDamagedError
 */
export function choose(contents: FolderContents, wanted: Wanted, where: string): Chosen {
  const { snapshot: id, agent } = wanted;
  if (id !== undefined && id !== 'latest') return named(contents, id, agent, where);
  const agents = agentsOf(contents, agent);
  const [first, ...others] = agents.filter(({ snapshots }) => snapshots.length > 0);
  if (first && others.length > 0) {
    throw new UsageError(
      `There are snapshots of several agents in ${where}: ${agents.map((one) => one.agent).join(', ')}. Say which one with --agent NAME.`,
    );
  }
  if (first) return newest(first, contents.unreadable);
  const [plugin] = contents.plugin;
  if (plugin && agent === undefined) return { kind: 'plugin', snapshot: plugin, notes: [] };
  const [damaged] = [...agents.flatMap((one) => one.damaged), ...contents.unreadable];
  if (damaged) throw new SnapshotDamagedError(damaged.id, damaged.problem);
  throw new SnapshotMissingError('latest', where, []);
}

/** @throws UsageError where there is no such agent */
export function agentsOf({ agents }: FolderContents, name: string | undefined): AgentSnapshots[] {
  if (name === undefined) return agents;
  const found = agents.filter(({ agent }) => agent === name);
  if (found.length > 0) return found;
  const known = agents.length > 0 ? agents.map(({ agent }) => agent).join(', ') : 'none';
  throw new UsageError(
    `There is no snapshot of an agent ${JSON.stringify(name)}. Agents: ${known}.`,
  );
}

function named(
  contents: FolderContents,
  id: string,
  agentName: string | undefined,
  where: string,
): Chosen {
  const agents = agentsOf(contents, agentName);
  for (const { agent, snapshots } of agents) {
    const snapshot = snapshots.find((one) => one.id === id);
    if (snapshot) return { kind: 'own', agent, snapshot, notes: [] };
  }
  const plugin = contents.plugin.find((one) => one.id === id);
  if (plugin) return { kind: 'plugin', snapshot: plugin, notes: [] };
  const damaged = [...agents.flatMap((one) => one.damaged), ...contents.unreadable];
  const found = damaged.find((one) => one.id === id);
  if (found) throw new SnapshotDamagedError(found.id, found.problem);
  const known = agents.flatMap(({ snapshots }) => snapshots.map((one) => one.id));
  throw new SnapshotMissingError(id, where, [...known, ...contents.plugin.map((one) => one.id)]);
}

/**
 * The newest, unless anybody who may write to the storage could have put it there: one without
 * encryption where the others have it, or one from the future.
 */
function newest(
  { agent, snapshots, damaged }: AgentSnapshots,
  unreadable: FolderContents['unreadable'],
): Chosen {
  const encrypted = snapshots.some(({ manifest }) => manifest.encryption !== null);
  const latest = systemClock.now() + clockToleranceMs;
  const trusted = snapshots.filter(({ manifest }) => !encrypted || manifest.encryption !== null);
  const snapshot =
    trusted.find(({ manifest }) => epochOf(manifest.createdAt) <= latest) ?? trusted[0];
  if (!snapshot) throw new SnapshotMissingError('latest', agent, []);
  const passedOver = snapshots.slice(0, snapshots.indexOf(snapshot)).map(({ id }) => id);
  const broken = [...damaged, ...unreadable].filter(({ id }) => id > snapshot.id);
  return {
    kind: 'own',
    agent,
    snapshot,
    notes: [
      ...passedOver.map(
        (id) =>
          `Snapshot ${id} was passed over: it is not encrypted while others are, or says that it comes from the future. If you trust it, name it with --snapshot.`,
      ),
      ...broken.map(({ id, problem }) => `Snapshot ${id} is newer, and damaged: ${problem}.`),
    ],
  };
}
