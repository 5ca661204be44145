import { Command } from 'commander';
import { type General, withGeneral } from '../general.ts';
import type { Made } from '../program.ts';

/** `workspace-sync doctor`. */
export function doctorCommand({ shell, exit }: Made): Command {
  const command = new Command('doctor')
    .summary('check everything, and say how to cure what is wrong')
    .description('Check everything, from this machine and from inside the deployment, with cures.')
    .addHelpText(
      'after',
      `
It looks at this machine, the account, the configuration and its secrets, and has the deployment try
the cloud folder, the snapshots and the webhook. It changes nothing and costs the agent no turn. Ends
with exit code 1 where something is wrong.

Examples:
  workspace-sync doctor
  workspace-sync doctor --json | jq '.[] | select(.state == "wrong")'`,
    )
    .action(async (options: General) => {
      const { doctor } = await import('../doctor/doctor.ts');
      exit(await doctor(shell, options));
    });
  return withGeneral(command);
}
