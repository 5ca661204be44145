import {
  type AgentConfig,
  backupPlace,
  type PlaceSettings,
} from '../../functions/shared/config/index.ts';
import type { SecretScope } from '../../functions/shared/contract/index.ts';

/** The entries of an agent that hold an OAuth token. */
export function tokenScopes(agent: AgentConfig): SecretScope[] {
  const { sync, workspace } = agent;
  const place = backupPlace(agent);
  const scopes: SecretScope[] = [];
  if (hasToken(sync)) scopes.push('sync');
  if (place.kind === 'remote' && hasToken(place.settings)) scopes.push(place.scope);
  if (workspace.kind === 'remote' && 'token' in workspace.rcloneOptions) scopes.push('workspace');
  return scopes;
}

/** Whether a storage is opened by an OAuth token, which every use may change. */
function hasToken(
  settings: Pick<PlaceSettings, 'dropbox' | 'gdrive' | 'onedrive' | 'custom'> & {
    provider: string;
  },
): boolean {
  switch (settings.provider) {
    case 'dropbox':
    case 'gdrive':
    case 'onedrive':
      return settings[settings.provider]?.token !== undefined;
    case 'custom':
      return 'token' in (settings.custom?.rcloneOptions ?? {});
    default:
      return false;
  }
}
