import type { AgentConfig } from './agent.ts';

/** Everything that the file says, checked and with every default in place. */
export interface DeploymentConfig {
  deployment: string;
  /** Who is written to when an alarm goes off. */
  alarmEmail?: string;
  agents: AgentConfig[];
}
