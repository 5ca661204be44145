import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { rcloneConfig, type Remote } from '../../functions/shared/rclone/remote.ts';
import { CommandFailure } from '../failure.ts';
import { projectRclone } from '../rclone/local.ts';
import { inPrivateFolder } from '../rclone/private-folder.ts';
import { tokenIn } from '../secrets/value.ts';

/** The section that rclone looks for the options of an authorization in. */
const section = '**temp-fs**';

/** What the browser is asked with. */
export interface AuthorizeOptions {
  /** Print the address instead of opening a browser. */
  noBrowser: boolean;
  env: NodeJS.ProcessEnv;
}

/**
 * Has rclone ask the provider for a token, by the operator's browser. Its messages go to the
 * terminal; the token, which it prints, does not. Id and secret of an OAuth app of one's own are
 * handed over in a file that nobody else can read: as arguments, which is how rclone documents it,
 * every process of the machine could see them.
 */
export async function authorizeRemote(remote: Remote, options: AuthorizeOptions): Promise<string> {
  return inPrivateFolder(options.env, async (folder) => {
    const config = join(folder, 'rclone.conf');
    await writeFile(config, rcloneConfig([forAuthorization(remote)]), { mode: 0o600 });
    const said = await askProvider(remote.options['type'] ?? '', config, options);
    if (said !== undefined) return tokenIn(said);
    throw new CommandFailure(
      'rclone got no token; what it says stands above. Another program may use its port, 53682.',
      { code: 'not-authorized' },
    );
  });
}

function forAuthorization(remote: Remote): Remote {
  const options = Object.entries(remote.options).filter(([name]) => name !== 'token');
  return { ...remote, name: section, options: Object.fromEntries(options) };
}

/** What rclone prints; `undefined` where it fails. */
async function askProvider(
  type: string,
  config: string,
  { noBrowser, env }: AuthorizeOptions,
): Promise<string | undefined> {
  const args = ['authorize', type, ...(noBrowser ? ['--auth-no-open-browser'] : [])];
  const child = spawn(await projectRclone(env), args, {
    env: { ...env, RCLONE_CONFIG: config },
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((done, failed) => {
    child.once('error', failed);
    child.once('exit', done);
  });
  const [said, exitCode] = await Promise.all([readAll(child.stdout), ended]);
  return exitCode === 0 ? said : undefined;
}
