import { RcloneError, type RcloneResult } from '../rclone/session.ts';
import type { LegContext } from '../runtime/run.ts';
import { openRclone } from '../runtime/rclone.ts';
import type { Log } from '../telemetry.ts';
import type { AuthorizedRemote, Credential } from './credential.ts';
import { keepTokens } from './keeper.ts';
import { asExpired } from './token.ts';

/**
 * Lets rclone refresh a token now, and saves the new one as soon as rclone has it. rclone knows how
 * each provider does it; it is made to by a token that says of itself that it has expired.
 * @throws RcloneError where the provider refuses, TokenNotSavedError
 */
export async function refreshToken(context: LegContext, credential: Credential): Promise<void> {
  const [remote] = credential.remotes;
  if (!remote) return;
  const before = credential.token;
  const keeper = keepTokens(context, [credential], ({ token }) => asExpired(token));
  const result = await askForNothing(context, withExpiredToken(remote, before), (text) =>
    keeper.onConfig(text),
  );
  keeper.settle();
  if (credential.token !== before) return;
  if (!answered.has(result.outcome)) throw refusal(credential, result);
  const fields = { secret: credential.entry, reference: credential.source.reference };
  context.runtime.log.warn('rclone has reached the provider without refreshing its token', fields);
}

/** Ends of a command that show that the provider has answered. */
const answered = new Set<RcloneResult['outcome']>(['done', 'not-found']);

/** A folder that is not there: finding that out takes every backend a request or two. */
const absentFolder = '.workspace-sync-token-refresh';

async function askForNothing(
  context: LegContext,
  remote: AuthorizedRemote,
  onConfig: (text: string) => Promise<void>,
): Promise<RcloneResult> {
  const log = quiet(context.runtime.log);
  const session = await openRclone(context, [remote], { log, onConfig });
  try {
    return await session.run({ kind: 'list-files', from: { remote, path: absentFolder } });
  } finally {
    await session.close();
  }
}

function withExpiredToken(remote: AuthorizedRemote, token: string): AuthorizedRemote {
  return { ...remote, root: '', options: { ...remote.options, token: asExpired(token) } };
}

/** rclone calls it an error that the folder is not there; what matters is thrown. */
function quiet(log: Log): Log {
  const debug: Log['debug'] = (message, fields) => {
    log.debug(message, fields);
  };
  return { debug, info: debug, warn: debug, error: debug };
}

function refusal({ source, entry }: Credential, result: RcloneResult): RcloneError {
  const what =
    `The token \${${source.reference}} in the secret "${entry}" cannot be refreshed. Where the ` +
    'provider refuses it, run `rclone authorize` again and put what it prints into the secret. ' +
    'rclone says';
  return new RcloneError(what, result);
}
