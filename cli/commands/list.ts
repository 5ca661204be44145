import { Command } from 'commander';
import { type General, withGeneral } from '../general.ts';
import type { Made } from '../program.ts';

/** `workspace-sync list`. */
export function listCommand({ shell, exit }: Made): Command {
  const command = new Command('list')
    .summary("list the files of an agent's cloud folder")
    .description(
      "List the files of an agent's cloud folder, by path, whether a sync would carry them or not. At most " +
        '1,000 are named; all are counted. A name with characters that deceive is shown in quotes.',
    )
    .option('-l, --long', 'with size and time')
    .addHelpText(
      'after',
      `
Examples:
  workspace-sync list
  workspace-sync list --long
  workspace-sync list --json | jq '.named[].path'`,
    )
    .action(async (options: General & { long?: boolean }) => {
      const { list } = await import('../list/list.ts');
      exit(await list(shell, options));
    });
  return withGeneral(command);
}
