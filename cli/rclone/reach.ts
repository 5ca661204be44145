import { join } from 'node:path';
import { tokenIn } from '../../functions/shared/credentials/token.ts';
import type { Remote } from '../../functions/shared/rclone/remote.ts';
import { openSession, RcloneError } from '../../functions/shared/rclone/session.ts';
import type { Log } from '../../functions/shared/telemetry.ts';
import type { Shell } from '../shell.ts';
import { projectRclone } from './local.ts';
import { inPrivateFolder } from './private-folder.ts';

/** Whether a folder can be listed from here; `not-found`: the account can, the folder is not there. */
export type Reached =
  | { outcome: 'listed'; files: number }
  | { outcome: 'not-found' }
  | { outcome: 'failed'; why: string };

/** Milliseconds that a listing may take. */
const usualPatienceMs = 60_000;

const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * Lists the top of a remote with the project's own rclone. Its options are handed over in a file
 * that nobody else can read and that is removed again.
 * @param onToken told a token that rclone got on the way: the one in the configuration may be worth
 * nothing from then on.
 */
export async function reach(
  shell: Pick<Shell, 'clock' | 'env'>,
  remote: Remote,
  onToken: (token: string) => Promise<void>,
  patienceMs = usualPatienceMs,
): Promise<Reached> {
  const until = shell.clock.now() + patienceMs;
  return inPrivateFolder(shell.env, (folder) => list(shell, remote, onToken, until, folder));
}

async function list(
  { clock, env }: Pick<Shell, 'clock' | 'env'>,
  remote: Remote,
  onToken: (token: string) => Promise<void>,
  until: number,
  temporaryFolder: string,
): Promise<Reached> {
  const session = await openSession({
    binary: await projectRclone(env),
    remotes: [remote],
    log: silent,
    remaining: () => until - clock.now(),
    temporaryFolder,
    env: ownCredentials(remote, env),
    onConfig: async (config) => {
      const token = tokenIn(config, remote.name);
      if (token !== undefined) await onToken(token);
    },
  });
  try {
    const result = await session.run({ kind: 'list-files', from: { remote, path: '' } });
    if (result.outcome === 'not-found') return { outcome: 'not-found' };
    if (result.outcome !== 'done') {
      return {
        outcome: 'failed',
        why: new RcloneError('The cloud folder cannot be listed', result).message,
      };
    }
    return { outcome: 'listed', files: (JSON.parse(result.stdout) as unknown[]).length };
  } finally {
    await session.close();
  }
}

/** What the AWS chain of rclone finds by itself, where a bucket is reached without keys of its own. */
function ownCredentials({ options }: Remote, env: NodeJS.ProcessEnv): Record<string, string> {
  if (options['env_auth'] !== 'true') return {};
  const given = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[0].startsWith('AWS_') && entry[1] !== undefined,
  );
  const home = env['HOME'] ?? '';
  return {
    AWS_CONFIG_FILE: join(home, '.aws', 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(home, '.aws', 'credentials'),
    ...Object.fromEntries(given),
  };
}
