import { locateRclone } from '../rclone/locate.ts';
import type { Remote } from '../rclone/remote.ts';
import { openSession, type RcloneSession, type SessionOptions } from '../rclone/session.ts';
import type { RunContext } from './run.ts';
import { roleCredentials } from './runtime.ts';

/** rclone for the length of a leg, with the rights of the function's role. Whoever opens it closes it. */
export function openRclone(
  { runtime, budget }: Pick<RunContext, 'runtime' | 'budget'>,
  remotes: Remote[],
  options: Partial<Pick<SessionOptions, 'log' | 'remaining' | 'onConfig'>> = {},
): Promise<RcloneSession> {
  return openSession({
    binary: locateRclone(runtime.env, runtime.temporaryFolder),
    remotes,
    log: runtime.log,
    remaining: () => budget.remaining(),
    temporaryFolder: runtime.temporaryFolder,
    env: roleCredentials(runtime.env),
    ...options,
  });
}
