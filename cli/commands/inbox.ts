import { Command, Option } from 'commander';
import { type General, withGeneral } from '../general.ts';
import type { Made } from '../program.ts';
import { positiveInteger } from './arguments.ts';

/** `workspace-sync inbox`. */
export function inboxCommand({ shell, exit }: Made): Command {
  const command = new Command('inbox')
    .summary("show what lies in an agent's _inbox, and what was delivered lately")
    .description(
      "Show what still lies in an agent's _inbox, which is what it has not taken away, and the newest " +
        'receipts of what was delivered or put aside. Of a workspace that is not in the workspace bucket, ' +
        'the names that runs delivered.',
    )
    .addOption(new Option('--limit <n>', 'how many of each').argParser(positiveInteger).default(20))
    .addHelpText(
      'after',
      `
Examples:
  workspace-sync inbox
  workspace-sync inbox --json | jq '.unread[].name'`,
    )
    .action(async (options: General & { limit: number }) => {
      const { inbox } = await import('../inbox/inbox.ts');
      exit(await inbox(shell, options));
    });
  return withGeneral(command);
}
