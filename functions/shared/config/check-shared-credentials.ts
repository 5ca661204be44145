import type { AgentConfig } from './agent.ts';
import type { PlacedAgent } from './deployment-notices.ts';
import type { Problem } from './problems.ts';
import { alternatives } from './wording.ts';

/** The blocks that may use the secrets of another agent. */
const blocks = ['sync', 'backup', 'workspace'] as const;
type Block = (typeof blocks)[number];

/**
 * Agents that use the secrets of an agent which is not there, of themselves, or of one that has none
 * of its own: references are answered by one entry, never by way of another.
 */
export function checkSharedCredentials(agents: readonly PlacedAgent[]): Problem[] {
  const known = new Map(agents.map(({ agent }) => [agent.name, agent]));
  return agents.flatMap(({ agent, ...site }) =>
    blocks.flatMap((block) => {
      const name = sharedWith(agent, block);
      if (name === undefined) return [];
      const problem = problemOf(agent.name, block, name, known);
      return problem ? [{ key: site.keyOf([block, 'credentialsOf']), ...problem }] : [];
    }),
  );
}

function problemOf(
  agent: string,
  block: Block,
  name: string,
  known: ReadonlyMap<string, AgentConfig>,
): Omit<Problem, 'key'> | undefined {
  const value = JSON.stringify(name.slice(0, 63));
  const others = [...known.values()].filter(
    (other) => other.name !== agent && sharedWith(other, block) === undefined,
  );
  const names = others.map((other) => `"${other.name}"`);
  const allowed =
    names.length === 0
      ? 'nothing: no other agent of this deployment has secrets of its own for this block'
      : alternatives(names);
  const owner = known.get(name);
  if (!owner) {
    return { value: `${value}, which is no agent of this deployment`, allowed, fix: remedy };
  }
  if (name === agent) return { value: `${value}, the agent itself`, allowed, fix: remedy };
  const next = sharedWith(owner, block);
  if (next === undefined) return undefined;
  const fix = `Write ${JSON.stringify(next)}, whose secrets "${name}" uses`;
  return { value: `${value}, which uses the secrets of another agent itself`, allowed, fix };
}

const remedy = 'Name the agent whose secrets are to be used, or remove the key';

function sharedWith({ workspace, sync, backup }: AgentConfig, block: Block): string | undefined {
  if (block === 'workspace') {
    return workspace.kind === 'remote' ? workspace.credentialsOf : undefined;
  }
  return block === 'sync' ? sync.credentialsOf : backup.credentialsOf;
}
