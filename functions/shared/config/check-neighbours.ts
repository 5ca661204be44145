import { backupPlace } from './backup-place.ts';
import type { PlacedAgent } from './deployment-notices.ts';
import { normalFolder } from './paths.ts';
import type { Problem } from './problems.ts';
import { type Folder, named } from './same-storage.ts';

/**
 * Snapshots of one agent inside the synchronised folder of another, in the same bucket: the other's
 * next push would delete them. Only of S3 can that be told without the secrets.
 */
export function checkNeighbours(agents: readonly PlacedAgent[]): Problem[] {
  const synced = new Map<string, string>();
  for (const { agent } of agents) {
    if (agent.sync.provider === 's3') synced.set(keyOfFolder(agent.sync), agent.name);
  }
  return agents.flatMap(({ agent, ...site }) => {
    const place = backupPlace(agent);
    if (!agent.backup.enabled || place.kind === 'own' || place.settings.provider !== 's3')
      return [];
    const { settings } = place;
    const owner = foldersAbove(settings.remotePath)
      .map((remotePath) => synced.get(keyOfFolder({ ...settings, remotePath })))
      .find((name) => name !== undefined && name !== agent.name);
    if (owner === undefined) return [];
    return [
      {
        key: site.keyOf(['backup', 'remotePath']),
        value: `${JSON.stringify(settings.remotePath)}, in the folder that sync keeps in step for agent ${owner}`,
        allowed: 'a folder outside of it: a push deletes what that agent’s workspace does not have',
        fix: 'Name another folder or bucket, or write "provider": "s3" alone for the deployment’s own bucket',
      },
    ];
  });
}

function keyOfFolder(folder: Folder): string {
  return JSON.stringify([...named(folder), normalFolder(folder.remotePath)]);
}

/** `''`, `a`, `a/b` of `a/b`. */
function foldersAbove(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  return ['', ...names.map((_, index) => names.slice(0, index + 1).join('/'))];
}
