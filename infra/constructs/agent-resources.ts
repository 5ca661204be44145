import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import { AgentAlarms } from './alarms.ts';
import { AgentSchedule, isScheduled, type Scheduler } from './schedules.ts';

export interface AgentResourcesProps {
  deployment: string;
  scheduler: Scheduler;
  topic: ITopic;
}

/**
 * What exists once per agent. Everything else of an agent is a prefix, a lease or a line in a file,
 * which is why a deployment can have any number of them.
 */
export class AgentResources extends Construct {
  constructor(scope: Construct, agent: AgentConfig, props: AgentResourcesProps) {
    super(scope, `Agent-${agent.name}`);
    // Without a cloud folder there is nothing to synchronise: drops need no schedule of their own.
    if (agent.sync.provider === 'off') return;
    if (isScheduled(agent)) new AgentSchedule(this, 'Sync', props.scheduler, agent);
    new AgentAlarms(this, 'Alarms', { ...props, agent });
  }
}
