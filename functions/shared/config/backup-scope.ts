import { hash } from 'node:crypto';
import type { AgentConfig } from './agent.ts';

/** Names what an agent's snapshots hold and where it is read from: two are alike only where that is. */
export function backupScope({ workspace, backup: { include, exclude } }: AgentConfig): string {
  return hash('sha256', JSON.stringify([workspace, [...include].sort(), exclude])).slice(0, 32);
}
