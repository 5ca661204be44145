import type { Command } from 'commander';
import type { DestroyOptions } from '../deploy/destroy.ts';
import { withGeneral } from '../general.ts';
import type { Made } from '../program.ts';
import { cdkCommand } from './deploy.ts';

/** `workspace-sync destroy`. */
export function destroyCommand({ shell, exit }: Made): Command {
  const command = cdkCommand('destroy')
    .summary('take the deployment away; files and snapshots stay')
    .description('Take the deployment away; the buckets with files, snapshots and state stay.')
    .option('--confirm <name>', "the deployment's name, for scripts: --yes is not enough")
    .addHelpText(
      'after',
      `
It destroys: functions, schedules, queues with what waits in them, and alarms are gone afterwards,
and nothing is synchronised or backed up any more. The buckets, the secrets and the cloud folder stay
as they are. It says so, and asks for the deployment's name.

Examples:
  workspace-sync destroy
  workspace-sync destroy --confirm default`,
    )
    .action(async (passedThrough: string[], options: DestroyOptions) => {
      const { destroy } = await import('../deploy/destroy.ts');
      exit(await destroy(shell, options, passedThrough));
    });
  return withGeneral(command);
}
