import { Command, Option } from 'commander';
import { jobs } from '../../functions/shared/contract/jobs.ts';
import { withGeneral } from '../general.ts';
import { levels } from '../logs/entries.ts';
import type { LogsOptions } from '../logs/logs.ts';
import type { Made } from '../program.ts';
import { runId, timeSpan } from './arguments.ts';

/** `workspace-sync logs`. */
export function logsCommand({ shell, exit }: Made): Command {
  const command = new Command('logs')
    .summary("print what the deployment's functions say in CloudWatch Logs")
    .description(
      "Print what the deployment's functions say in CloudWatch Logs, a line for each entry: time, " +
        'level, function, message, and the agent and run where they are known. With --json the lines ' +
        'are as they were written, one JSON value each.',
    )
    .addOption(
      new Option('--job <function>', 'lines of this function only').choices([
        ...jobs,
        'notify',
        'status',
      ]),
    )
    .addOption(
      new Option('--run <id>', 'lines of this run only, from its beginning').argParser(runId),
    )
    .addOption(
      new Option(
        '--since <time>',
        'lines of this time, such as 90s, 30m, 6h or 2d; an hour by default',
      ).argParser(timeSpan),
    )
    .addOption(
      new Option('--level <level>', 'lines of this level and above')
        .choices(levels)
        .default('info'),
    )
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .addHelpText(
      'after',
      `
Examples:
  workspace-sync logs --since 15m
  workspace-sync logs --level warn --since 2d
  workspace-sync logs --run 20261122T101500Z-0a1b2c3d
  workspace-sync logs --job drain --follow`,
    )
    .action(async (options: LogsOptions) => {
      const { logs } = await import('../logs/logs.ts');
      exit(await logs(shell, options));
    });
  return withGeneral(command);
}
