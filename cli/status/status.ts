import type { AgentStatus } from '../../functions/shared/contract/index.ts';
import { openContext, withAgent } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { General } from '../general.ts';
import { ask } from '../runs/invoke.ts';
import type { Shell } from '../shell.ts';
import { statusText } from './text.ts';

/** Shows what is known of one agent, or of all of the deployment. */
export async function status(
  shell: Shell,
  general: General & { check?: boolean },
): Promise<ExitCode> {
  const found = await agentsStatus(shell, general);
  const now = shell.clock.now();
  shell.out(
    general.json
      ? JSON.stringify(found, null, 2)
      : found.map((agent) => statusText(agent, now)).join('\n\n'),
  );
  const isWell = found.every(({ healthy }) => healthy);
  return general.check === true && !isWell ? exitCodes.failed : exitCodes.ok;
}

/** What the deployment says of the agent that is meant, or of each of its agents. */
export async function agentsStatus(shell: Shell, general: General): Promise<AgentStatus[]> {
  const context = await openContext(shell, general);
  if (general.agent !== undefined) {
    const { agent, set } = withAgent(context);
    return (await ask(context, set, 'Status', { agent })) as AgentStatus[];
  }
  const answers = await Promise.all(
    context.deployment.sets.map((set) => ask(context, set, 'Status', {})),
  );
  return (answers as AgentStatus[][]).flat();
}
