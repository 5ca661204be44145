import { hash } from 'node:crypto';
import type { AgentConfig } from './agent.ts';
import { named } from './same-storage.ts';
import { ingestFolder } from './sync.ts';

/**
 * Names what an agent's syncs copy, from where, where to and how, so that a copy of before the
 * configuration was changed is not taken for one of what is copied now. It holds no secret, and does
 * not tell two accounts of a provider apart.
 */
export function pushTarget({ sync, workspace }: AgentConfig): string {
  const { provider, mode = '', remotePath, localPath, exclude, copySymlinks, ingest } = sync;
  const what = [localPath, exclude, copySymlinks, ingest ? ingestFolder(sync) : ''];
  const where = [provider, mode, remotePath, provider === 'off' ? [] : named(sync)];
  return hash('sha256', JSON.stringify([what, where, workspace])).slice(0, 32);
}
