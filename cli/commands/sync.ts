import { Command, Option } from 'commander';
import { directions } from '../../functions/shared/contract/jobs.ts';
import { withGeneral } from '../general.ts';
import type { Made } from '../program.ts';
import type { SyncOptions } from '../sync/sync.ts';
import { positiveInteger } from './arguments.ts';

/** `workspace-sync sync`. */
export function syncCommand({ shell, exit }: Made): Command {
  const command = new Command('sync')
    .summary("synchronise an agent's workspace with its cloud folder now")
    .description(
      "Synchronise an agent's workspace with its cloud folder now, and show how it gets on.\n\n" +
        "What a run does depends on the agent's mode. A run that would delete more than the limits " +
        'allow stops before it changes anything, and says how to let it go on. Ctrl-C leaves the run ' +
        'alone: it goes on in AWS.',
    )
    .option('--dry-run', 'say what would be done, and change nothing')
    .addOption(
      new Option(
        '--direction <way>',
        'one way for this run: pull makes the workspace what the cloud folder is, push the other way round',
      ).choices(directions),
    )
    .option(
      '--resync',
      'mode bisync: join both sides anew. DESTRUCTIVE: deleted files come back. Shows its plan and asks',
    )
    .addOption(
      new Option(
        '--confirm-deletes <n>',
        'let this run delete or overwrite up to so many files, as a blocked run asked for',
      ).argParser(positiveInteger),
    )
    .option('--confirm-config <word>', 'let this run go on with the changed configuration')
    .option('--detach', 'start the run and do not wait for it')
    .addHelpText(
      'after',
      `
Examples:
  workspace-sync sync                          synchronise, and watch
  workspace-sync sync --dry-run                what would happen?
  workspace-sync sync --direction pull         cloud folder to workspace, this once
  workspace-sync sync --direction push         workspace to cloud folder, this once
  workspace-sync sync --resync                 plan, question, then a new baseline
  workspace-sync sync --confirm-deletes 3      these three deletes are meant
  workspace-sync sync --detach --json          for scripts: prints the run's id`,
    )
    .action(async (options: SyncOptions) => {
      const { sync } = await import('../sync/sync.ts');
      exit(await sync(shell, options));
    });
  return withGeneral(command);
}
