import { Construct } from 'constructs';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import { AgentAlarms } from './agent-alarms.ts';
import type { Bell } from './alarms.ts';
import { AgentSchedule, recurrences, type Scheduler } from './schedules.ts';

export interface AgentResourcesProps {
  deployment: string;
  scheduler: Scheduler;
  bell: Bell;
}

const titles = { sync: 'Sync', backup: 'Backup', verify: 'Verification' };

/**
 * What exists once per agent, eleven resources at most. Everything else of an agent is a prefix, a lease
 * or a line in a file, which is why a deployment can have any number of them.
 */
export class AgentResources extends Construct {
  constructor(scope: Construct, agent: AgentConfig, { scheduler, ...props }: AgentResourcesProps) {
    super(scope, `Agent-${agent.name}`);
    for (const recurrence of recurrences(agent)) {
      const id = titles[recurrence.job];
      new AgentSchedule(this, id, { ...recurrence, scheduler, agent: agent.name });
    }
    new AgentAlarms(this, 'Alarms', { ...props, agent });
  }
}
