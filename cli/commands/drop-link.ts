import { Command } from 'commander';
import type { DropLinkChoice } from '../drop-link/command.ts';
import { type General, withGeneral } from '../general.ts';
import type { Made } from '../program.ts';

/** `workspace-sync drop-link`, `drop-link list`, `drop-link revoke <id>`. */
export function dropLinkCommand(made: Made): Command {
  const command = new Command('drop-link')
    .summary('make a page where anybody can drop files for an agent')
    .description('Make a link by which a person without any account can drop files for the agent.')
    .option('--files <number>', 'how many files it takes, at most 100', '10')
    .option('--max-size <size>', 'the largest file, at most 5GiB', '100MB')
    .option('--type <type...>', 'only these types, such as pdf or "image/*"; any by default')
    .option('--expires <duration>', 'how long it lives, such as 90m, 24h or 7d, at most 7d', '24h')
    .option('--label <name>', 'what it is for: the folder of _inbox that its files come to')
    .addHelpText(
      'after',
      `
Whoever has the link can use it. docs/drop-page.md says what holds it to its limits.

Examples:
  workspace-sync drop-link
  workspace-sync drop-link --files 1 --type pdf --expires 2h --label invoices
  workspace-sync drop-link list
  workspace-sync drop-link revoke 3f9c1e2ab07d4d58`,
    )
    .action(async (options: General & DropLinkChoice) => {
      const { makeLink } = await import('../drop-link/command.ts');
      made.exit(await makeLink(made.shell, options));
    });
  return withGeneral(command).addCommand(listCommand(made)).addCommand(revokeCommand(made));
}

function listCommand({ shell, exit }: Made): Command {
  const command = new Command('list')
    .summary('show the links of the last 90 days')
    .description('Show the links of the last 90 days, and how many files each has taken.')
    .action(async (_, self: Command) => {
      const { showLinks } = await import('../drop-link/command.ts');
      exit(await showLinks(shell, self.optsWithGlobals<General>()));
    });
  return withGeneral(command);
}

function revokeCommand({ shell, exit }: Made): Command {
  const command = new Command('revoke')
    .summary('end a link')
    .description('End a link: nothing that comes by it is delivered any more.')
    .argument('<id>', 'which one; "drop-link list" shows it')
    .action(async (id: string, _, self: Command) => {
      const { endLink } = await import('../drop-link/command.ts');
      exit(await endLink(shell, self.optsWithGlobals<General>(), id));
    });
  return withGeneral(command);
}
