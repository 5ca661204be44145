import { tellLeftOut } from '../aws/state.ts';
import { targetOf } from '../aws/target.ts';
import { configFile } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { wrongUsage } from '../failure.ts';
import type { General } from '../general.ts';
import type { Shell } from '../shell.ts';
import { assumedNames, estimate, type Assumed } from './estimate.ts';
import { monthSoFar } from './month-so-far.ts';
import { accountText, type Account } from './text.ts';

export type CostOptions = General & Assumed & { estimate?: boolean };

/** Says what the deployment costs: so far this month, or in a month to come. */
export async function cost(shell: Shell, options: CostOptions): Promise<ExitCode> {
  if (!options.estimate) expectNoAssumptions(options);
  const account: Account = options.estimate
    ? estimate(options, estimatedFile(shell, options))
    : await monthSoFar(shell, options);
  shell.out(options.json ? JSON.stringify(account, null, 2) : accountText(account));
  return tellLeftOut(shell, account.leftOut ?? []);
}

/** With `--local` the one of the running "npm start", where none is named. */
function estimatedFile(shell: Shell, options: General): string {
  const isLocal = options.local && options.config === undefined;
  return configFile(options, isLocal ? targetOf(options, shell.env) : {});
}

/** What only an estimate takes for granted must not look as if a month so far were counted with it. */
function expectNoAssumptions(options: CostOptions): void {
  const given = assumedNames.filter((name) => options[name] !== undefined);
  if (given.length === 0) return;
  const names = given.map((name) => `--${name}`).join(', ');
  throw wrongUsage(`${names} means something with --estimate only. Add that, or leave it out.`);
}
