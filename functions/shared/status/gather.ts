import { loadAgentConfig, type AgentConfig } from '../config/index.ts';
import { stateKeys, type AgentStatus } from '../contract/index.ts';
import { inParallel } from '../parallel.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { agentStatus, jobsOf } from './agent-status.ts';
import { countDeadLetters } from './dead-letters.ts';
import { readPaused, readRecords, type AgentRecords, type SharedRecords } from './records.ts';

/** Agents whose records are read at once. */
const agentsAtOnce = 16;

/** An agent and everything that is known of it. */
export interface Known {
  agent: AgentConfig;
  records: AgentRecords;
  status: AgentStatus;
}

/** What is known of agents, from records alone: no cloud folder, snapshot or secret is looked at. */
export async function gather(runtime: Runtime, names: readonly string[]): Promise<Known[]> {
  const shared = await readShared(runtime);
  return inParallel(agentsAtOnce, names, async (name) => {
    const agent = await loadAgentConfig(runtime.agentsDirectory, name);
    const records = await readRecords(runtime.store, name, jobsOf(agent), shared);
    return knownOf(runtime, agent, records);
  });
}

/** Records that nothing can be made of cost this agent its facts, and no other agent anything. */
function knownOf(
  { deployment, clock, log }: Runtime,
  agent: AgentConfig,
  records: AgentRecords,
): Known {
  const now = clock.now();
  try {
    return { agent, records, status: agentStatus(deployment, agent, records, now) };
  } catch (error) {
    log.error('the records of an agent make no sense', { agent: agent.name, error });
    const unreadable = [...records.unreadable, stateKeys.status(agent.name, '*')];
    const rest = { ...records, jobs: {}, unreadable };
    return { agent, records: rest, status: agentStatus(deployment, agent, rest, now) };
  }
}

async function readShared(runtime: Runtime): Promise<SharedRecords> {
  const [queues, pause] = await Promise.all([
    countDeadLetters(runtime),
    readPaused(runtime, runtime.clock.now()),
  ]);
  return { ...queues, ...pause, unreadable: [...queues.unreadable, ...pause.unreadable] };
}
