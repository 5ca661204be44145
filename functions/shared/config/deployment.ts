import * as z from 'zod';
import { type AgentConfig, agentNamePattern, deploymentNamePattern } from './agent.ts';
import { notes } from './fields.ts';

/** Everything that the file says, checked and with every default in place. */
export interface DeploymentConfig {
  deployment: string;
  /** Who is written to when an alarm goes off. */
  alarmEmail?: string;
  agents: AgentConfig[];
}

/** What stands at the top of the file, beside the agents. */
export const deploymentFields = {
  $schema: z.string().optional().meta(notes('Where an editor finds the JSON Schema of this file.')),
  deployment: z
    .string()
    .regex(deploymentNamePattern)
    .default('default')
    .meta(
      notes('Name of the deployment: prefix of its stacks, secrets and metrics.', {
        allowed: '1 to 32 lower-case letters, digits and "-", starting with a letter',
      }),
    ),
  alarmEmail: z
    .email()
    .optional()
    .meta(notes('Address that alarms are sent to.', { allowed: 'an e-mail address' })),
};

/** The name of the one agent of a file that has no `agents`. */
export const agentField = z
  .string()
  .regex(agentNamePattern)
  .default('main')
  .meta(
    notes('Name of the agent, in a file that describes a single one.', {
      allowed: '1 to 63 lower-case letters, digits, "-" and "_", not starting with "-" or "_"',
    }),
  );
