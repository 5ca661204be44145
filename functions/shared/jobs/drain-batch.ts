import { ChangeMessageVisibilityCommand } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { loadAgentConfig } from '../config/index.ts';
import { environment, folders, type JobReport, type JobRequest } from '../contract/index.ts';
import { runJob, type InvocationContext } from '../runtime/run.ts';
import { required, type Runtime } from '../runtime/runtime.ts';
import { listObjects } from '../state/list-objects.ts';
import { timeUpCode } from './delivery-report.ts';
import { drain } from './drain.ts';
import { parseRequest } from './request.ts';

/** What SQS is told: the messages that have to come again. */
export interface BatchAnswer {
  batchItemFailures: { itemIdentifier: string }[];
}

const batchSchema = z.object({
  Records: z.array(
    z.object({
      messageId: z.string(),
      receiptHandle: z.string(),
      body: z.string(),
      attributes: z.object({ ApproximateReceiveCount: z.coerce.number() }),
    }),
  ),
});
type Message = z.infer<typeof batchSchema>['Records'][number];

/** What EventBridge says of an object: the key stands there as it is. */
const objectCreatedSchema = z.object({
  source: z.literal('aws.s3'),
  detail: z.object({ object: z.object({ key: z.string() }) }),
});

const sweepSchema = z.object({ sweep: z.literal(true) });

/** What one message asks for: some agents, or `all` that have something in their drop folder. */
type Asked = { agents: string[]; trigger: 'drop' | 'manual' } | 'all';

/**
 * What came of an agent: nothing is left to do, a drain is at work or has run out of time, or it could
 * not be done.
 */
type Outcome = 'done' | 'busy' | 'failed';

/**
 * How often a message comes that finds drains busy, over four minutes and more. Then the sweep has it,
 * which comes every five minutes: nothing is wrong, and a message that came on and on would end as a
 * dead letter.
 */
const maxBusy = 10;

/**
 * Drains each agent that a batch of messages names, once. Messages of an agent that is being
 * drained already, or whose drain failed, come again.
 */
export async function drainBatch(
  runtime: Runtime,
  event: unknown,
  invocation: InvocationContext,
): Promise<BatchAnswer> {
  const messages = batchSchema.parse(event).Records;
  const asked = new Map(messages.map((message) => [message, readMessage(runtime, message)]));
  const swept = [...asked.values()].includes('all') ? await agentsWithDrops(runtime) : [];
  const requests = requestsFor([...asked.values()], swept);

  const outcomes = new Map<string, Outcome>();
  for (const request of requests) {
    outcomes.set(request.agent, await drainQuietly(runtime, request, invocation));
  }
  const again = messages.filter((message) =>
    comesAgain(message, asked.get(message), outcomes, swept),
  );
  await Promise.all(again.map((message) => comeAgain(runtime, message)));
  return { batchItemFailures: again.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** A message that says nothing to us is dropped with a word in the log: repeating it is no help. */
function readMessage(runtime: Runtime, message: Message): Asked {
  const body = parseBody(message.body);
  if (sweepSchema.safeParse(body).success) return 'all';
  const created = objectCreatedSchema.safeParse(body);
  if (created.success)
    return { agents: agentOfKey(created.data.detail.object.key), trigger: 'drop' };
  try {
    return { agents: [parseRequest(body, 'drain').agent], trigger: 'manual' };
  } catch (error) {
    runtime.log.error('a message of the drop queue cannot be understood', {
      error,
      body: message.body.slice(0, 500),
    });
    return { agents: [], trigger: 'drop' };
  }
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `<agent>/_outbox/…`; a nested `_outbox` is an ordinary folder. */
function agentOfKey(key: string): string[] {
  const [agent = '', folder] = key.split('/', 2);
  return folder === folders.outbox ? [agent] : [];
}

function requestsFor(asked: Asked[], swept: string[]): JobRequest[] {
  const triggers = new Map<string, JobRequest['trigger']>(swept.map((agent) => [agent, 'sweep']));
  for (const item of asked) {
    if (item === 'all') continue;
    for (const agent of item.agents) triggers.set(agent, item.trigger);
  }
  return [...triggers].map(([agent, trigger]) => ({ job: 'drain', agent, trigger }));
}

function comesAgain(
  { attributes: { ApproximateReceiveCount: received } }: Message,
  asked: Asked | undefined,
  outcomes: ReadonlyMap<string, Outcome>,
  swept: string[],
): boolean {
  if (asked === undefined) return true;
  const agents = asked === 'all' ? swept : asked.agents;
  return agents.some((agent) => {
    const outcome = outcomes.get(agent) ?? 'failed';
    return outcome === 'failed' || (outcome === 'busy' && received < maxBusy);
  });
}

/** A fault of one agent never touches another. */
async function drainQuietly(
  runtime: Runtime,
  request: JobRequest,
  invocation: InvocationContext,
): Promise<Outcome> {
  try {
    return outcomeOf(await drainAgent(runtime, request, invocation));
  } catch (error) {
    runtime.log.error('an agent cannot be drained', { agent: request.agent, error });
    return isForNobody(error) ? 'done' : 'failed';
  }
}

function outcomeOf({ state, reason }: JobReport): Outcome {
  if (reason?.code === timeUpCode || reason?.code === 'lease-held') return 'busy';
  // The sweep looks again when the pause is over: waiting would end as a dead letter.
  const isDone = state === 'succeeded' || state === 'partial' || reason?.code === 'paused';
  return isDone ? 'done' : 'failed';
}

/** Drops for an agent that the deployment does not have stay where they are, and are not retried. */
function isForNobody(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'unknown-agent';
}

/** Drains one agent. */
export async function drainAgent(
  runtime: Runtime,
  request: JobRequest,
  invocation: InvocationContext,
): Promise<JobReport> {
  const agent = await loadAgentConfig(runtime.agentsDirectory, request.agent);
  return runJob(runtime, { request, agent }, invocation, (context) => drain(context, agent));
}

/** Agents that have anything at all in the exchange bucket; draining looks closer. */
async function agentsWithDrops({ s3, env }: Runtime): Promise<string[]> {
  const bucket = required(env, environment.exchangeBucket);
  const agents: string[] = [];
  for await (const { prefixes } of listObjects(s3, { bucket, delimiter: '/' })) {
    agents.push(
      ...prefixes.filter((name) => !name.startsWith('.')).map((name) => name.slice(0, -1)),
    );
  }
  return agents;
}

/** Soon at first, later more seldom: a holder of the lease may need its whole quarter of an hour. */
async function comeAgain({ sqs, env, log }: Runtime, message: Message): Promise<void> {
  const seconds = Math.min(5 * message.attributes.ApproximateReceiveCount, 120);
  await sqs
    .send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: required(env, environment.dropQueue),
        ReceiptHandle: message.receiptHandle,
        VisibilityTimeout: seconds,
      }),
    )
    .catch((error: unknown) => {
      log.warn('the message comes again later than wanted', { error });
    });
}
