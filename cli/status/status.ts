import type { AgentStatus } from '../../functions/shared/contract/index.ts';
import { missingText } from '../aws/deployment.ts';
import { commandInQuotes } from '../command-line.ts';
import { openContext, withAgent, type Context } from '../context.ts';
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
  const context = await openContext(shell, general);
  const found = await agentsStatus(context);
  const now = shell.clock.now();
  shell.out(
    general.json
      ? JSON.stringify(found, null, 2)
      : found.map((agent) => statusText(agent, now, general)).join('\n\n'),
  );
  const untold = untoldIn(context, found);
  for (const text of untold) shell.say(text);
  const isWell = found.every(({ healthy }) => healthy);
  const isFailed = untold.length > 0 || (general.check === true && !isWell);
  return isFailed ? exitCodes.failed : exitCodes.ok;
}

/** What the deployment says of the agent that is meant, or of each of its agents. */
async function agentsStatus(context: Context): Promise<AgentStatus[]> {
  if (context.general.agent !== undefined) {
    const { agent, set } = withAgent(context);
    return (await ask(context, set, 'Status', { agent })) as AgentStatus[];
  }
  const answers = await Promise.all(
    context.deployment.sets.map((set) => ask(context, set, 'Status', {})),
  );
  return (answers as AgentStatus[][]).flat();
}

/** Agents that should have been spoken of: who is not mentioned is not well. */
export function absentIn(
  { general, deployment }: Pick<Context, 'general' | 'deployment'>,
  found: readonly AgentStatus[],
): string[] {
  const told = new Set(found.map(({ agent }) => agent));
  const meant = general.agent === undefined ? (deployment.agents ?? []) : [general.agent];
  return meant.filter((name) => !told.has(name));
}

function untoldIn(context: Context, found: readonly AgentStatus[]): string[] {
  const { general, deployment } = context;
  const absent = absentIn(context, found);
  const isIncomplete = general.agent === undefined && deployment.missing.length > 0;
  return [
    ...(isIncomplete ? [missingText(deployment, general)] : []),
    ...(absent.length > 0 ? [`Nothing is known of ${absent.join(', ')}: ${leftOut(general)}`] : []),
    ...(found.length === 0 && absent.length === 0
      ? [`No agent is known: ${leftOut(general)}`]
      : []),
  ];
}

function leftOut(general: General): string {
  return `the function Status left it out. Run ${commandInQuotes(['doctor'], general)}.`;
}
