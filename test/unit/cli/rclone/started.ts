/** Starts a piece of the command that works with secrets in a private folder, as a process of its own. */
import { authorizeRemote } from '../../../../cli/authorize/flow.ts';
import { reach } from '../../../../cli/rclone/reach.ts';
import { systemClock } from '../../../../functions/shared/clock.ts';
import { customRemote } from '../../../../functions/shared/rclone/remote.ts';

const { env } = process;
const remote = customRemote('cloud', '', {
  rcloneType: 'drive',
  rcloneOptions: { client_secret: 'the-app-secret', token: '{"access_token":"a"}' },
});

if (process.argv[2] === 'authorize') await authorizeRemote(remote, { noBrowser: true, env });
else await reach({ clock: systemClock, env }, remote, () => Promise.resolve());
