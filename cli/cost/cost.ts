import { tellLeftOut } from '../aws/state.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { General } from '../general.ts';
import type { Shell } from '../shell.ts';
import { estimate, type Assumed } from './estimate.ts';
import { monthSoFar } from './month-so-far.ts';
import { accountText, type Account } from './text.ts';

export type CostOptions = General & Assumed & { estimate?: boolean };

/** Says what the deployment costs: so far this month, or in a month to come. */
export async function cost(shell: Shell, options: CostOptions): Promise<ExitCode> {
  const account: Account = options.estimate ? estimate(options) : await monthSoFar(shell, options);
  shell.out(options.json ? JSON.stringify(account, null, 2) : accountText(account));
  return tellLeftOut(shell, account.leftOut ?? []);
}
