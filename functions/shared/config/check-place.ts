import type { AgentConfig } from './agent.ts';
import { backupPlace, inheritedFolder } from './backup-place.ts';
import type { Finding } from './check-provider.ts';
import { liesIn, sameStorage } from './same-storage.ts';

/**
 * Snapshots inside the folder that `sync` keeps in step: the next push would delete what the
 * workspace does not have.
 */
export function checkPlace(agent: AgentConfig): Finding[] {
  if (!agent.backup.enabled || syncedFolder(agent)?.certain !== true) return [];
  const { remotePath } = agent.sync;
  const advice =
    remotePath === ''
      ? 'Add "provider": "s3" for the deployment’s own bucket, or give sync a folder: "remotePath"'
      : `Write "remotePath": "${inheritedFolder}", or "provider": "s3" for the deployment’s own bucket`;
  return [
    {
      path: ['backup', 'remotePath'],
      value: `${folderText(agent)}, in the folder ${JSON.stringify(remotePath)} that sync keeps in step`,
      allowed: 'a folder outside of it: a push deletes what the workspace does not have',
      fix: advice,
    },
  ];
}

/** The synchronised folder that an agent's snapshots lie in, if they do, and whether that is certain. */
export function syncedFolder(agent: AgentConfig): { certain: boolean } | undefined {
  const place = backupPlace(agent);
  const { sync } = agent;
  if (place.kind === 'own' || sync.provider === 'off') return undefined;
  const { settings, scope } = place;
  const same = scope === 'sync' && settings.provider !== 's3' ? 'yes' : sameStorage(settings, sync);
  if (same === 'no' || !liesIn(settings.remotePath, sync.remotePath, sync.provider)) {
    return undefined;
  }
  return { certain: same === 'yes' };
}

function folderText(agent: AgentConfig): string {
  const place = backupPlace(agent);
  return JSON.stringify(place.kind === 'own' ? place.prefix : place.settings.remotePath);
}
