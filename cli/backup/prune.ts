import type { JobReport } from '../../functions/shared/contract/index.ts';
import { formatDecisions } from '../../functions/shared/retention/format.ts';
import { openContext, withAgent } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { General } from '../general.ts';
import { confirmed, mustBeAskable } from '../output/ask.ts';
import { counted } from '../output/words.ts';
import { carryOut, tellReport } from '../runs/carry-out.ts';
import { askJob } from '../runs/invoke.ts';
import type { Shell } from '../shell.ts';

/** What `workspace-sync backup prune` can be told. */
export interface PruneOptions extends General {
  dryRun?: boolean;
  confirmAnomaly?: string;
  detach?: boolean;
}

/** Deletes the snapshots that retention does not keep, or says which those are. */
export async function prune(shell: Shell, options: PruneOptions): Promise<ExitCode> {
  const { confirmAnomaly } = options;
  if (!options.dryRun) mustBeAskable({ shell, general: options }, '--yes');
  const context = withAgent(await openContext(shell, options));
  const request = confirmAnomaly === undefined ? {} : { confirmAnomaly };
  if (!options.dryRun && options.yes) return start();
  const plan = await askJob(context, 'prune', { ...request, dryRun: true });
  const isRefused = plan.state !== 'succeeded';
  if (options.dryRun === true || isRefused) {
    return tellReport(context, plan, { ...request, dryRun: true }, reasons);
  }
  const doomed = (plan.retention ?? []).filter(({ keep }) => !keep).length;
  shell.say(reasons(plan));
  if (doomed > 0 && !(await confirmed(context, `Delete ${counted(doomed, 'snapshot')}?`))) {
    shell.say('Nothing was changed.');
    return exitCodes.skipped;
  }
  return start();

  function start(): Promise<ExitCode> {
    return carryOut(context, {
      job: 'prune',
      request,
      detach: options.detach,
      afterwards: reasons,
    });
  }
}

function reasons({ retention = [] }: JobReport): string {
  return formatDecisions(retention).join('\n');
}
