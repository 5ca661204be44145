import { Duration } from 'aws-cdk-lib';
import { type EventPattern, type EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { EventInvokeConfig, type IDestination } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { eventSources, eventTypes } from '../../functions/shared/contract/index.ts';
import type { JobFunction } from './job-function.ts';
import { type Agents, valueLists } from './matching.ts';
import { allow } from './permissions.ts';
import type { DeadLetterQueue } from './queues.ts';

/** How long a request for a run means anything; after that the schedule has long come round. */
const patience = Duration.hours(1);

export interface RunRequestsProps {
  bus: EventBus;
  sync: JobFunction;
  agents: Agents;
  /** Takes events that could not be handed over, and invocations that ended in an error. */
  dead: DeadLetterQueue;
}

/**
 * Starts a sync for events on the deployment's bus: a gateway's session began or ended, or a run
 * asks for its next leg. The event is passed whole; the handler reads it.
 */
export class RunRequests extends Construct {
  constructor(scope: Construct, id: string, { bus, sync, agents, dead }: RunRequestsProps) {
    super(scope, id);
    const target = new LambdaFunction(sync.function, {
      deadLetterQueue: dead,
      retryAttempts: 3,
      maxEventAge: patience,
    });
    const rules = (rule: string, description: string, pattern: EventPattern): void => {
      for (const [index, { agent }] of agentDetails(agents).entries()) {
        const detail = { ...pattern.detail, ...(agent && { agent }) };
        new Rule(this, `${rule}${index || ''}`, {
          eventBus: bus,
          description,
          eventPattern: { ...pattern, ...(Object.keys(detail).length > 0 && { detail }) },
          targets: [target],
        });
      }
    };
    rules('Session', 'Sessions of gateways', {
      source: [eventSources.gateway],
      detailType: [eventTypes.sessionStarted, eventTypes.sessionEnded],
    });
    rules('Continuation', 'Next legs of syncs', {
      source: [eventSources.own],
      detailType: [eventTypes.continuation],
      detail: { job: ['sync'] },
    });
    keepFailures(this, sync, dead);
  }
}

/** What the rules say about `detail.agent`: nothing, or one list of names per rule. */
function agentDetails(agents: Agents): { agent?: string[] }[] {
  if (agents === 'every') return [{}];
  return valueLists(agents, '', (agent) => agent).map((agent) => ({ agent }));
}

/**
 * Lambda does not repeat a sync that ended in an error: the next one on schedule does, and the
 * lease of a killed run has not expired before. What killed it is kept.
 */
function keepFailures(
  scope: Construct,
  { function: fn, role }: JobFunction,
  dead: DeadLetterQueue,
): void {
  allow(role, [{ actions: ['sqs:SendMessage'], resources: [dead.queueArn] }]);
  const toQueue: IDestination = { bind: () => ({ destination: dead.queueArn }) };
  const config = new EventInvokeConfig(scope, 'Failures', {
    function: fn,
    retryAttempts: 0,
    maxEventAge: patience,
    onFailure: toQueue,
  });
  config.node.addDependency(role);
}
