import * as z from 'zod';
import { type AgentConfig, agentNamePattern, deploymentNamePattern } from './agent.ts';
import { runbookFile } from '../contract/index.ts';
import { flag, notes } from './fields.ts';

/** Everything that the file says, checked and with every default in place. */
export interface DeploymentConfig {
  deployment: string;
  /** Who is written to when an alarm goes off. */
  alarmEmail?: string;
  /** Where the runbook is that alarms point to: an address or a path. */
  runbookUrl: string;
  /** Whether there is a dashboard. */
  dashboard: boolean;
  /** Whether runs are traced by X-Ray. */
  tracing: boolean;
  /** US dollars a month beyond which only backups run. */
  monthlyCap?: number;
  snapshots?: SnapshotsConfig;
  agents: AgentConfig[];
}

/** The `objectLock` block of `snapshots`. */
export const objectLockSchema = z.strictObject({
  mode: z
    .enum(['governance', 'compliance'])
    .meta(
      notes(
        '`governance`: principals with `s3:BypassGovernanceRetention` can still delete; ' +
          '`compliance`: nobody can, not even the account’s root user.',
      ),
    ),
  days: z
    .int()
    .min(1)
    .max(36_500)
    .meta(notes('Days for which no version of a snapshot can be deleted for good.')),
});

/** The `snapshots` block of a deployment: the bucket that all agents’ snapshots share. */
export const snapshotsSchema = z.strictObject({
  objectLock: objectLockSchema
    .optional()
    .meta(
      notes(
        'S3 Object Lock on the deployment’s own snapshot bucket. Decide before the first ' +
          'deployment: see below.',
        { allowed: 'an object such as { "mode": "governance", "days": 30 }' },
      ),
    ),
});

export type SnapshotsConfig = z.output<typeof snapshotsSchema>;
export type ObjectLock = z.output<typeof objectLockSchema>;

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
  runbookUrl: z
    .string()
    .regex(/^[^\s#]{1,400}$/)
    .default(runbookFile)
    .meta(
      notes(
        'Where your copy of the runbook is: every alarm ends with a link to its heading there.',
        {
          allowed: 'an address or a path of at most 400 characters, without spaces and "#"',
        },
      ),
    ),
  dashboard: flag(
    true,
    'A CloudWatch dashboard of the deployment. An account has three for nothing; each further one ' +
      'costs $3 a month.',
  ),
  tracing: flag(
    false,
    'Traces runs with AWS X-Ray, by agent, job, run and outcome. $5 for a million traces beyond the ' +
      'first 100,000 of a month. Off, nothing of it is loaded.',
  ),
  monthlyCap: z
    .number()
    .positive()
    .max(1_000_000)
    .optional()
    .meta(
      notes(
        'US dollars. When the estimate of what runs have used this month reaches it, ' +
          'everything but backups pauses until the month is over or the cap is raised. Drops stay ' +
          'where they are and arrive then.',
        { allowed: 'a number greater than 0, such as 5' },
      ),
    ),
  snapshots: snapshotsSchema.optional().meta(
    notes('The deployment’s own snapshot bucket.', {
      allowed: 'an object such as { "objectLock": { "mode": "governance", "days": 30 } }',
    }),
  ),
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
