import { Aws, Duration, Stack } from 'aws-cdk-lib';
import {
  type EventBus,
  EventField,
  type EventPattern,
  type IRuleTarget,
  Rule,
  RuleTargetInput,
} from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnPermission, EventInvokeConfig, type IDestination } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import {
  eventSources,
  eventTypes,
  type JobRequest,
} from '../../functions/shared/contract/index.ts';
import type { JobFunction } from './job-function.ts';
import { type Agents, valueLists } from './matching.ts';
import { allow } from './permissions.ts';
import type { DeadLetterQueue } from './queues.ts';

/** How long a request for a run means anything; after that the schedule has long come round. */
const patience = Duration.hours(1);

/** The jobs that come in legs; a prune does where another run uses its credential. */
const inLegs = ['sync', 'backup', 'verify', 'restore', 'prune'] as const;

/** The functions that requests start, by the job that they do. */
export type Requested = Record<(typeof inLegs)[number], JobFunction>;

export interface RunRequestsProps {
  bus: EventBus;
  functions: Requested;
  agents: Agents;
  /** Takes events that could not be handed over, and invocations that ended in an error. */
  dead: DeadLetterQueue;
}

/**
 * Starts runs for events on the deployment's bus: a gateway's session began or ended, a run asks for
 * its next leg, a snapshot was taken and older ones may go.
 */
export class RunRequests extends Construct {
  constructor(scope: Construct, id: string, { bus, functions, agents, dead }: RunRequestsProps) {
    super(scope, id);
    const rules = (
      rule: string,
      props: Omit<RuleProps, 'eventBus'> & { job: keyof Requested },
    ): void => {
      const { job, input, eventPattern, ...rest } = props;
      const targets = [startOf(functions[job], dead, input)];
      for (const [index, { agent }] of agentDetails(agents).entries()) {
        const detail = { ...eventPattern.detail, ...(agent && { agent }) };
        new Rule(this, `${rule}${index || ''}`, {
          ...rest,
          eventBus: bus,
          eventPattern: { ...eventPattern, ...(Object.keys(detail).length > 0 && { detail }) },
          targets,
        });
      }
    };
    rules('Session', {
      job: 'sync',
      description: 'Sessions of gateways',
      eventPattern: {
        source: [eventSources.gateway],
        detailType: [eventTypes.sessionStarted, eventTypes.sessionEnded],
      },
    });
    for (const job of inLegs) {
      rules(`${titled(job)}Continuation`, {
        job,
        description: `Next legs: ${job}`,
        eventPattern: {
          source: [eventSources.own],
          detailType: [eventTypes.continuation],
          detail: { job: [job] },
        },
      });
    }
    rules('Snapshot', {
      job: 'prune',
      description: 'Snapshots that were taken',
      eventPattern: {
        source: [eventSources.own],
        detailType: [eventTypes.completed, eventTypes.partial].map((type) => `Backup ${type}`),
      },
      input: pruneRequest,
    });
    for (const job of inLegs) {
      const fn = functions[job];
      letBusInvoke(this, `${titled(job)}Permission`, fn, bus);
      keepFailures(this, `${titled(job)}Failures`, fn, dead);
    }
    letBusLeave(bus, dead);
  }
}

interface RuleProps {
  eventBus: EventBus;
  description: string;
  eventPattern: EventPattern;
  /** What the function is called with; the whole event where it is absent. */
  input?: RuleTargetInput;
}

/** What retention is asked for when an agent has a new snapshot. */
const pruneRequest = RuleTargetInput.fromObject({
  job: 'prune',
  agent: EventField.fromPath('$.detail.agent'),
  trigger: 'backup',
} satisfies JobRequest);

/**
 * A function as the target of rules. The library's own would add a permission to the function and a
 * statement to the queue for each rule, and a queue's policy takes ten conditions in all; here there
 * is one of each for all rules of the bus.
 */
function startOf(
  { function: fn }: JobFunction,
  dead: DeadLetterQueue,
  input: RuleTargetInput | undefined,
): IRuleTarget {
  return {
    bind: () => ({
      arn: fn.functionArn,
      targetResource: fn,
      deadLetterConfig: { arn: dead.queueArn },
      retryPolicy: { maximumRetryAttempts: 3, maximumEventAgeInSeconds: patience.toSeconds() },
      ...(input && { input }),
    }),
  };
}

/** Lets every rule of the bus call the function. */
export function letBusInvoke(
  scope: Construct,
  id: string,
  { function: fn }: JobFunction,
  bus: EventBus,
): void {
  new CfnPermission(scope, id, {
    action: 'lambda:InvokeFunction',
    functionName: fn.functionArn,
    principal: 'events.amazonaws.com',
    sourceAccount: Aws.ACCOUNT_ID,
    sourceArn: rulesOf(bus),
  });
}

function letBusLeave(bus: EventBus, dead: DeadLetterQueue): void {
  dead.addToResourcePolicy(
    new PolicyStatement({
      sid: 'RulesOfTheBus',
      principals: [new ServicePrincipal('events.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [dead.queueArn],
      conditions: {
        StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
        ArnLike: { 'aws:SourceArn': rulesOf(bus) },
      },
    }),
  );
}

function rulesOf(bus: EventBus): string {
  return Stack.of(bus).formatArn({
    service: 'events',
    resource: 'rule',
    resourceName: `${bus.eventBusName}/*`,
  });
}

function titled(job: string): string {
  return job.charAt(0).toUpperCase() + job.slice(1);
}

/** What the rules say about `detail.agent`: nothing, or one list of names per rule. */
export function agentDetails(agents: Agents, space?: number): { agent?: string[] }[] {
  if (agents === 'every') return [{}];
  return valueLists(agents, '', (agent) => agent, space).map((agent) => ({ agent }));
}

/**
 * Lambda does not repeat a run that ended in an error: the next one on schedule does, and the lease
 * of a killed run has not expired before. What killed it is kept.
 */
function keepFailures(
  scope: Construct,
  id: string,
  { function: fn, role }: JobFunction,
  dead: DeadLetterQueue,
): void {
  allow(role, [{ actions: ['sqs:SendMessage'], resources: [dead.queueArn] }]);
  const toQueue: IDestination = { bind: () => ({ destination: dead.queueArn }) };
  const config = new EventInvokeConfig(scope, id, {
    function: fn,
    retryAttempts: 0,
    maxEventAge: patience,
    onFailure: toQueue,
  });
  config.node.addDependency(role);
}
