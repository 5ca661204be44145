import { Command } from 'commander';
import type { DropOptions } from '../drop/drop.ts';
import { withGeneral } from '../general.ts';
import type { Made } from '../program.ts';

/** `workspace-sync drop`. */
export function dropCommand({ shell, exit }: Made): Command {
  const command = new Command('drop')
    .summary('send files to an agent, and wait until it has them')
    .description(
      "Send files to an agent's _inbox by way of the deployment's drop folder, and wait until they are " +
        'delivered. Names are checked before anything is sent; a file that is changed while it is read is ' +
        'not sent; nothing in _inbox is ever replaced: a name that is taken gets a number.',
    )
    .argument('<file...>', 'files to send; - is standard input')
    .option('--as <name>', 'send one file under this name; needed with -')
    .option('--folder <name>', 'send the files into this folder of _inbox')
    .option('--no-wait', 'do not wait for the delivery')
    .addHelpText(
      'after',
      `
Examples:
  workspace-sync drop report.pdf
  workspace-sync drop *.csv --folder figures
  pg_dump shop | workspace-sync drop - --as shop.sql
  workspace-sync drop report.pdf --json | jq -r '.[0].receipt.sha256'`,
    )
    .action(async (files: string[], options: DropOptions) => {
      const { drop } = await import('../drop/drop.ts');
      exit(await drop(shell, files, options));
    });
  return withGeneral(command);
}
