import { objectAt } from '../../functions/shared/config/raw.ts';
import { openContext, withAgent } from '../context.ts';
import { exitCodes, exitCodeOf, type ExitCode } from '../exit-codes.ts';
import { confirmed } from '../output/ask.ts';
import { reportText } from '../report/text.ts';
import { carryOut } from '../runs/carry-out.ts';
import { askJob } from '../runs/invoke.ts';
import { type Blocks, readDeployment } from './file.ts';
import type { Setup } from './setup.ts';

/** Shows what the first run would do, and does it after a yes. */
export async function firstRun(setup: Setup, agent: string): Promise<ExitCode> {
  const { shell, options, deployment } = setup;
  const { provider = 'off', mode } = syncOf(setup, agent);
  if (provider === 'off') return exitCodes.ok;
  const general = { ...options, agent, deployment, json: false };
  const context = withAgent(await openContext(shell, general));
  const request = mode === 'bisync' ? { resync: true as const } : {};
  shell.say('Looking at both sides for the plan of the first run …');
  const asked = { ...request, dryRun: true };
  const plan = await askJob(context, 'sync', asked);
  shell.say(reportText(plan, { asked, chosen: general }));
  if (!['succeeded', 'partial'].includes(plan.state)) return exitCodeOf(plan.state);
  if (!(await confirmed({ shell, general: options }, 'Run it?', true))) {
    shell.say('Nothing was run.');
    return exitCodes.skipped;
  }
  const tell = (text: string): void => {
    shell.say(text);
  };
  const quiet = { ...context, shell: { ...shell, out: tell } };
  return carryOut(quiet, { job: 'sync', request });
}

/** Takes the first snapshot, so that nobody waits a day to learn whether it can be done. */
export async function firstSnapshot(setup: Setup, agent: string): Promise<ExitCode> {
  const { shell, options, deployment } = setup;
  const context = withAgent(
    await openContext(shell, { ...options, agent, deployment, json: false }),
  );
  const tell = (text: string): void => {
    shell.say(text);
  };
  const quiet = { ...context, shell: { ...shell, out: tell } };
  return carryOut(quiet, { job: 'backup', request: {} });
}

/** What has been written of an agent's sync. */
function syncOf({ file }: Setup, agent: string): { provider?: string; mode?: string } {
  const agents = readDeployment(file)?.['agents'] as Record<string, Blocks>;
  return objectAt(agents[agent] ?? {}, 'sync');
}
