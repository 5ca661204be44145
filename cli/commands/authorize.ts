import { Command } from 'commander';
import type { AuthorizeCommand } from '../authorize/authorize.ts';
import { withGeneral } from '../general.ts';
import type { Made } from '../program.ts';

/** `workspace-sync authorize`. */
export function authorizeCommand({ shell, exit }: Made): Command {
  const command = new Command('authorize')
    .summary('log in to the cloud provider, and store its token')
    .description('Log in to the cloud provider in your browser, and store the token it gives.')
    .argument('[provider]', 'dropbox, gdrive, onedrive or a backend of rclone')
    .option('--no-browser', 'print the address instead of opening a browser')
    .option('--token-from-stdin', 'take a token that "rclone authorize" printed on another machine')
    .addHelpText(
      'after',
      `
It runs the project's own rclone on this machine, which waits for the browser on port 53682. The
token is not shown: it goes to the secret that the configuration names. Id and secret of an OAuth app
of your own are used where the configuration has them.

Examples:
  workspace-sync authorize
  workspace-sync authorize gdrive --agent research
  rclone authorize dropbox | ssh server workspace-sync authorize --token-from-stdin`,
    )
    .action(async (provider: string | undefined, options: AuthorizeCommand) => {
      const { authorize } = await import('../authorize/authorize.ts');
      exit(await authorize(shell, provider, options));
    });
  return withGeneral(command);
}
