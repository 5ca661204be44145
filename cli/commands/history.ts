import { Argument, Command, Option } from 'commander';
import { jobs } from '../../functions/shared/contract/jobs.ts';
import { withGeneral } from '../general.ts';
import type { HistoryOptions } from '../history/history.ts';
import type { Made } from '../program.ts';
import { positiveInteger, runId, timeSpan } from './arguments.ts';

/** `workspace-sync history`. */
export function historyCommand({ shell, exit }: Made): Command {
  const command = new Command('history')
    .summary('show what runs came to, one run in full, or a run as it gets on')
    .description(
      'Show what the runs of an agent came to, newest first; with the id of a run, all of its report in ' +
        'words; with --follow, how a run gets on until it ends. Reports are kept for 90 days.',
    )
    .addArgument(new Argument('[run]', 'id of a run to show in full').argParser(runId))
    .addOption(new Option('--job <job>', 'runs of this job only').choices(jobs))
    .addOption(
      new Option('--limit <n>', 'how many runs at most').argParser(positiveInteger).default(20),
    )
    .addOption(
      new Option('--since <time>', 'runs that began in this time, such as 90m, 6h or 2d').argParser(
        timeSpan,
      ),
    )
    .addOption(
      new Option('--follow <run>', 'show how this run gets on; Ctrl-C leaves it alone').argParser(
        runId,
      ),
    )
    .addHelpText(
      'after',
      `
Examples:
  workspace-sync history --job sync --since 2d
  workspace-sync history 20261122T101500Z-0a1b2c3d
  workspace-sync history --follow 20261122T101500Z-0a1b2c3d
  workspace-sync history --json | jq '.[] | select(.state == "failed") | .reason'`,
    )
    .action(async (run: string | undefined, options: HistoryOptions) => {
      const { history } = await import('../history/history.ts');
      exit(await history(shell, run, options));
    });
  return withGeneral(command);
}
