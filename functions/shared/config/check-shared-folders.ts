import type { AgentConfig } from './agent.ts';
import type { PlacedAgent } from './deployment-notices.ts';
import type { Notice, Problem } from './problems.ts';
import { type Folder, liesIn, sameStorage } from './same-storage.ts';

/** Two agents whose cloud folders are one, or lie in each other. */
interface Overlap {
  agent: PlacedAgent;
  other: AgentConfig;
  isCertain: boolean;
}

/**
 * Cloud folders that two agents share for certain, while one of them changes what lies there: each
 * would delete what the other has brought.
 */
export function checkSharedFolders(agents: readonly PlacedAgent[]): Problem[] {
  return overlaps(agents)
    .filter(({ isCertain }) => isCertain)
    .map(({ agent: { agent, keyOf }, other }) => ({
      key: keyOf(['sync', 'remotePath']),
      value: `${shown(agent)}, which is, holds or lies in the folder ${shown(other)} of agent ${other.name}`,
      allowed: 'a folder of its own for each agent: a run deletes what its workspace does not have',
      fix: 'Name another folder, beside the other agent’s',
    }));
}

/** The same where only the secrets could tell whether both use one account. */
export function sharedFolderNotices(agents: readonly PlacedAgent[]): Notice[] {
  return overlaps(agents)
    .filter(({ isCertain }) => !isCertain)
    .map(({ agent: { keyOf }, other }) => ({
      key: keyOf(['sync', 'remotePath']),
      message:
        `is, holds or lies in the folder ${shown(other)} of agent ${other.name}, if both are one ` +
        'account: each would delete what the other has brought. Name another folder, unless they are two accounts',
    }));
}

function overlaps(agents: readonly PlacedAgent[]): Overlap[] {
  const active = agents.filter(({ agent }) => agent.sync.provider !== 'off');
  return active.flatMap((agent, index) =>
    active.slice(0, index).flatMap(({ agent: other }) => {
      const found = overlap(agent.agent, other);
      return found === undefined ? [] : [{ agent, other, isCertain: found === 'certain' }];
    }),
  );
}

function overlap(one: AgentConfig, other: AgentConfig): 'certain' | 'perhaps' | undefined {
  if (!changesCloud(one) && !changesCloud(other)) return undefined;
  const storage = sameStorage(folderOf(one), folderOf(other));
  if (storage === 'no') return undefined;
  const [a, b] = [one.sync, other.sync];
  const isWithin =
    liesIn(a.remotePath, b.remotePath, a.provider) ||
    liesIn(b.remotePath, a.remotePath, a.provider);
  if (!isWithin) return undefined;
  const sharesToken = ownerOf(one) === ownerOf(other);
  return storage === 'yes' || sharesToken ? 'certain' : 'perhaps';
}

/** Two mirrors may read from one folder. */
function changesCloud({ sync }: AgentConfig): boolean {
  return sync.mode !== 'mirror';
}

function ownerOf({ name, sync }: AgentConfig): string {
  return sync.credentialsOf ?? name;
}

function folderOf({ sync }: AgentConfig): Folder {
  return sync;
}

function shown({ sync }: AgentConfig): string {
  return JSON.stringify(sync.remotePath);
}
