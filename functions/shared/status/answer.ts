import { epochOf, isoTime } from '../clock.ts';
import { agentsIn } from '../config/index.ts';
import { environment, metrics, type AgentStatus } from '../contract/index.ts';
import { checkBudget } from '../cost/budget.ts';
import { inParallel } from '../parallel.ts';
import type { InvocationContext, LegContext } from '../runtime/run.ts';
import { required, type Runtime } from '../runtime/runtime.ts';
import { createTimeBudget } from '../runtime/time-budget.ts';
import { gather, type Known } from './gather.ts';
import { parseStatusRequest } from './status-request.ts';
import { writeStatusFile } from './status-file.ts';
import { unverifiedSince } from './unverified-since.ts';

/** Workspaces that are written to at once; behind some of them an rclone has to start. */
const filesAtOnce = 8;

/**
 * Says how agents are; or, where a schedule or the end of a run asks, writes it into their workspaces
 * and answers the same.
 * @throws RequestError; UnknownAgentError to somebody who asks for one that is not there
 */
export async function answerStatus(
  runtime: Runtime,
  event: unknown,
  invocation: InvocationContext,
): Promise<AgentStatus[]> {
  const { kind, agent } = parseStatusRequest(event);
  const all = await agentsIn(runtime.agentsDirectory);
  // A run of an agent that has been taken out of the configuration since ends, too.
  if (kind === 'refresh' && agent !== undefined && !all.includes(agent)) return [];
  if (kind === 'refresh' && agent === undefined) await checkBudgetQuietly(runtime);
  const known = await gather(runtime, agent === undefined ? all : [agent]);
  if (kind === 'refresh') {
    const context = contextOf(runtime, invocation);
    await inParallel(filesAtOnce, known, (one) => writeQuietly(context, one));
    if (agent === undefined) for (const one of known) measure(runtime, one);
  }
  return known.map(({ status }) => status);
}

/** Before agents are told how they are: a pause is part of it. */
async function checkBudgetQuietly(runtime: Runtime): Promise<void> {
  try {
    await checkBudget(runtime, runtime.clock.now());
  } catch (error) {
    runtime.log.error('what the month has used could not be added up', { error });
  }
}

/** A workspace that cannot be reached keeps nobody else's from being told. */
async function writeQuietly(context: LegContext, { agent, status }: Known): Promise<void> {
  try {
    await writeStatusFile(context, agent, status);
  } catch (error) {
    const fields = { agent: agent.name, error };
    context.runtime.log.warn('the status could not be written into the workspace', fields);
  }
}

/** Since when nothing newer has been read back and found good: an alarm watches it. */
function measure({ emit, clock }: Runtime, { agent, records }: Known): void {
  const since = unverifiedSince(records);
  if (!agent.backup.enabled || since === undefined) return;
  const seconds = Math.max(0, (clock.now() - epochOf(since)) / 1_000);
  emit(metrics.verifiedAge, seconds, { Agent: agent.name }, 'Seconds');
}

function contextOf(runtime: Runtime, invocation: InvocationContext): LegContext {
  const functionSeconds = Number(required(runtime.env, environment.functionTimeoutSeconds));
  return {
    runtime,
    runId: `status-${isoTime(runtime.clock.now())}`,
    leg: 1,
    budget: createTimeBudget({
      clock: runtime.clock,
      contextRemainingMs: invocation.getRemainingTimeInMillis(),
      functionTimeoutMs: functionSeconds * 1_000,
    }),
    sawToken: () => undefined,
  };
}
