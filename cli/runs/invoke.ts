import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { Job, JobReport, JobRequest } from '../../functions/shared/contract/index.ts';
import { outputOf, type Outputs } from '../aws/deployment.ts';
import type { AgentContext, Context } from '../context.ts';
import { CommandFailure } from '../failure.ts';

type Invoking = Pick<Context, 'clients'>;

/** Asks a function and waits for its answer: for questions, which leave nothing behind. */
export async function ask(
  { clients }: Invoking,
  set: Outputs,
  functionName: FunctionOf,
  payload: object,
): Promise<unknown> {
  const FunctionName = outputOf(set, `${functionName}FunctionName`);
  const answer = await clients.lambda.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify(payload) }),
  );
  const said = Buffer.from(answer.Payload ?? []).toString('utf8');
  const value: unknown = said === '' ? undefined : JSON.parse(said);
  if (answer.FunctionError === undefined) return value;
  const { errorMessage = said } = (value ?? {}) as { errorMessage?: string };
  throw new CommandFailure(`${functionName} could not answer: ${errorMessage}`, {
    code: 'function-error',
  });
}

/** A job's report, for a request that only asks: a list, or a dry run. */
export async function askJob(
  context: AgentContext,
  job: Job,
  request: Partial<JobRequest>,
): Promise<JobReport> {
  const payload = { job, agent: context.agent, trigger: 'manual', ...request };
  return (await ask(context, context.set, functionOf[job], payload)) as JobReport;
}

/** Starts a job and does not wait: AWS has taken the request, and sees to it. */
export async function startJob(
  { clients, agent, set }: AgentContext,
  job: Job,
  request: Partial<JobRequest> & { runId: string },
): Promise<void> {
  await clients.lambda.send(
    new InvokeCommand({
      FunctionName: outputOf(set, `${functionOf[job]}FunctionName`),
      InvocationType: 'Event',
      Payload: JSON.stringify({ job, agent, trigger: 'manual', ...request }),
    }),
  );
}

/** First part of the names of the stack's outputs. */
export type FunctionOf = (typeof functionOf)[Job] | 'Status' | 'Notify';

const functionOf = {
  sync: 'Sync',
  drain: 'Drain',
  backup: 'Backup',
  prune: 'Prune',
  verify: 'Verify',
  restore: 'Restore',
  list: 'List',
} as const satisfies Record<Job, string>;
