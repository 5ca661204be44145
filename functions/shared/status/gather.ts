import { loadAgentConfig, type AgentConfig } from '../config/index.ts';
import type { AgentStatus } from '../contract/index.ts';
import { inParallel } from '../parallel.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { agentStatus, jobsOf } from './agent-status.ts';
import { countDeadLetters } from './dead-letters.ts';
import { readPaused, readRecords, type SharedRecords } from './records.ts';

/** Agents whose records are read at once. */
const agentsAtOnce = 16;

/** An agent and everything that is known of it. */
export interface Known {
  agent: AgentConfig;
  status: AgentStatus;
}

/** What is known of agents, from records alone: no cloud folder, snapshot or secret is looked at. */
export async function gather(runtime: Runtime, names: readonly string[]): Promise<Known[]> {
  const shared = await readShared(runtime);
  return inParallel(agentsAtOnce, names, async (name) => {
    const agent = await loadAgentConfig(runtime.agentsDirectory, name);
    const records = await readRecords(runtime.store, name, jobsOf(agent), shared);
    return { agent, status: agentStatus(runtime.deployment, agent, records, runtime.clock.now()) };
  });
}

async function readShared(runtime: Runtime): Promise<SharedRecords> {
  const [queues, pause] = await Promise.all([
    countDeadLetters(runtime),
    readPaused(runtime, runtime.clock.now()),
  ]);
  return { ...queues, ...pause, unreadable: [...queues.unreadable, ...pause.unreadable] };
}
