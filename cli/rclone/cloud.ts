import {
  type AgentConfig,
  referencesIn,
  resolveReferences,
} from '../../functions/shared/config/index.ts';
import type { AuthorizedRemote } from '../../functions/shared/credentials/credential.ts';
import { cloudRemote, type S3Access } from '../../functions/shared/rclone/remote.ts';
import type { Target } from '../aws/target.ts';
import type { Entries } from '../secrets/entries.ts';

/**
 * The cloud folder of an agent as the functions see it, with its secrets answered, and with the place
 * from which its token came.
 * @throws UnresolvedReferencesError where one is missing.
 */
export async function cloudOf(
  { name, sync }: AgentConfig,
  entries: Pick<Entries, 'read'>,
  region: string,
  target: Target,
): Promise<AuthorizedRemote> {
  const { provider } = sync;
  const block = provider === 'off' ? undefined : sync[provider];
  const values =
    referencesIn(block).length === 0 ? {} : await entries.read(sync.credentialsOf ?? name, 'sync');
  const { session } = target;
  const access: S3Access = { provider: session ? 'Other' : 'AWS', region, endpoint: session?.url };
  const settings = { ...sync, ...(block ? { [provider]: resolveReferences(block, values) } : {}) };
  const remote = cloudRemote('cloud', settings, access);
  const [reference] = referencesIn(cloudRemote('cloud', sync, access).options['token']);
  if (reference === undefined) return remote;
  const of = sync.credentialsOf ?? name;
  return { ...remote, tokenSource: { agent: of, scope: 'sync', reference } };
}
