import type { AgentConfig } from './agent.ts';

/**
 * Names what an agent's syncs copy, where to and how, so that a copy of before is not taken for one in
 * another folder. It holds no secret, and does not tell two accounts of a provider apart.
 */
export function pushTarget({ sync }: AgentConfig): string {
  const { provider, mode = '', remotePath, localPath } = sync;
  return JSON.stringify([provider, mode, remotePath, localPath]);
}
