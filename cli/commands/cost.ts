import { Command, Option } from 'commander';
import type { CostOptions } from '../cost/cost.ts';
import { withGeneral } from '../general.ts';
import type { Made } from '../program.ts';
import { parseSize } from '../drop-link/amounts.ts';
import { percentage, positiveInteger } from './arguments.ts';

/** `workspace-sync cost`. */
export function costCommand({ shell, exit }: Made): Command {
  const command = new Command('cost')
    .summary('say what this month has cost, or what a month will')
    .description(
      'Say what this month has cost so far, from what the runs themselves have recorded, and what the ' +
        'whole month will come to at this pace. With --estimate, say what a month will cost, from the ' +
        'configuration file: for that nothing has to be deployed.\n\n' +
        'Prices are those of us-east-1 without free tiers.',
    )
    .option('--estimate', 'estimate a month from the configuration file')
    .optionsGroup('What an estimate takes for granted, of each agent:')
    .addOption(new Option('--files <n>', 'files').argParser(positiveInteger))
    .addOption(new Option('--size <size>', 'their size in all, such as 500MB').argParser(parseSize))
    .addOption(
      new Option('--changed <percent>', 'files that change in a day, in percent').argParser(
        percentage,
      ),
    )
    .addOption(new Option('--drops <n>', 'drops in a day').argParser(positiveInteger))
    .addOption(
      new Option('--stored <size>', 'what lies in the buckets, such as 20GB').argParser(parseSize),
    )
    .addHelpText(
      'after',
      `
Examples:
  workspace-sync cost
  workspace-sync cost --estimate
  workspace-sync cost --estimate --files 40000 --size 12GB --changed 2
  workspace-sync cost --json | jq .dollars`,
    )
    .action(async (options: CostOptions) => {
      const { cost } = await import('../cost/cost.ts');
      exit(await cost(shell, options));
    });
  return withGeneral(command);
}
