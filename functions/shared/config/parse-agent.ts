import { type AgentConfig, agentSchema } from './agent.ts';

/** One agent's configuration from the file that synth wrote for it. */
export function parseAgentConfig(json: unknown): AgentConfig {
  return agentSchema.parse(json);
}
