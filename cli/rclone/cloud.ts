import {
  type AgentConfig,
  referencesIn,
  resolveReferences,
} from '../../functions/shared/config/index.ts';
import { cloudRemote, type Remote } from '../../functions/shared/rclone/remote.ts';
import type { Target } from '../aws/target.ts';
import type { Entries } from '../secrets/entries.ts';

/**
 * The cloud folder of an agent as the functions see it, with its secrets answered.
 * @throws UnresolvedReferencesError where one is missing.
 */
export async function cloudOf(
  { name, sync }: AgentConfig,
  entries: Pick<Entries, 'read'>,
  region: string,
  target: Target,
): Promise<Remote> {
  const { provider } = sync;
  const block = provider === 'off' ? undefined : sync[provider];
  const values =
    referencesIn(block).length === 0 ? {} : await entries.read(sync.credentialsOf ?? name, 'sync');
  const settings = { ...sync, ...(block ? { [provider]: resolveReferences(block, values) } : {}) };
  const { session } = target;
  return cloudRemote('cloud', settings, {
    provider: session ? 'Other' : 'AWS',
    region,
    endpoint: session?.url,
  });
}
