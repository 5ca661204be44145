import { Command } from 'commander';
import { type General, withGeneral } from '../general.ts';
import type { Made } from '../program.ts';

/** `workspace-sync status`. */
export function statusCommand({ shell, exit }: Made): Command {
  const command = new Command('status')
    .summary('show whether it works, and what would be lost')
    .description(
      'Show whether it works, what is running, and what would be lost if the gateway died now.',
    )
    .option('--check', 'end with exit code 1 where something deserves a look')
    .addHelpText(
      'after',
      `
Examples:
  workspace-sync status
  workspace-sync status --json | jq '.[].recoveryPoint'
  workspace-sync status --check --json > /dev/null || echo look at it`,
    )
    .action(async (options: General & { check?: boolean }) => {
      const { status } = await import('../status/status.ts');
      exit(await status(shell, options));
    });
  return withGeneral(command);
}
