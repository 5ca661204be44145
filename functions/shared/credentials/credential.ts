import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { secretName, type SecretScope } from '../contract/index.ts';
import type { Remote } from '../rclone/remote.ts';
import { isRefreshable } from './token.ts';

/** Where a remote's OAuth token is kept: one value of one entry in Secrets Manager. */
export interface TokenSource {
  /** The agent whose entry it is. */
  agent: string;
  scope: SecretScope;
  /** The reference that it answers, such as `DROPBOX_TOKEN`. */
  reference: string;
}

/** A remote that knows where its token comes from, if it has one that came from a reference. */
export interface AuthorizedRemote extends Remote {
  tokenSource?: TokenSource;
}

/** A token that refreshing changes, with all remotes of a run that use it. */
export interface Credential {
  source: TokenSource;
  /** Name of its entry in Secrets Manager. */
  entry: string;
  /** Scope of the lease under which it is refreshed; the same for everybody, and for ever. */
  scope: string;
  remotes: AuthorizedRemote[];
  /** The newest token that is known. */
  token: string;
  /** The token as it was last seen in the entry, or written there. */
  stored: string;
  /** Why `token` is not in the entry although it should be. */
  unsaved?: Error;
}

/** The credentials of remotes, in one order for everybody, so that no two runs wait for each other. */
export function credentialsOf(
  deployment: string,
  remotes: readonly AuthorizedRemote[],
): Credential[] {
  const credentials = new Map<string, Credential>();
  for (const remote of remotes) {
    const { tokenSource: source, options } = remote;
    const token = options['token'] ?? '';
    if (!source || !isRefreshable(token)) continue;
    const scope = leaseScope(deployment, source);
    const known = credentials.get(scope);
    if (known) known.remotes.push(remote);
    else {
      const entry = entryName(deployment, source);
      credentials.set(scope, { source, entry, scope, remotes: [remote], token, stored: token });
    }
  }
  return [...credentials.values()].sort((a, b) => (a.scope < b.scope ? -1 : 1));
}

/**
 * The remote with the newest token of its credential. Remotes that differ in nothing but their
 * folder become one section of rclone's config file, which has one token to refresh.
 */
export function withToken<R extends AuthorizedRemote>(
  deployment: string,
  credentials: readonly Credential[],
  remote: R,
): R {
  const { tokenSource } = remote;
  const scope = tokenSource && leaseScope(deployment, tokenSource);
  const credential = credentials.find((one) => one.scope === scope);
  if (!credential) return remote;
  const twin = credential.remotes.find(({ options }) => isSameAccess(options, remote.options));
  const name = twin?.name ?? remote.name;
  return { ...remote, name, options: { ...remote.options, token: credential.token } };
}

function isSameAccess(one: Remote['options'], other: Remote['options']): boolean {
  return isDeepStrictEqual({ ...one, token: '' }, { ...other, token: '' });
}

function entryName(deployment: string, { agent, scope }: TokenSource): string {
  return secretName(deployment, agent, scope);
}

function leaseScope(deployment: string, source: TokenSource): string {
  const name = `${entryName(deployment, source)}\0${source.reference}`;
  return `credentials/${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}
