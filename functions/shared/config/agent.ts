import * as z from 'zod';
import { type BackupConfig, backupSchema } from './backup.ts';
import { notes } from './fields.ts';
import { type SyncConfig, syncSchema } from './sync.ts';
import { workspaceSchema } from './workspace.ts';
import { webhookSchema } from './webhook.ts';

/** What an agent may be called. */
export const agentNamePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** What a deployment may be called. */
export const deploymentNamePattern = /^[a-z][a-z0-9-]{0,31}$/;

/** The blocks of one agent, as they stand under its name. */
export const agentBlocks = {
  workspace: workspaceSchema,
  sync: syncSchema.prefault({}).meta(notes('What is synchronised, and when.')),
  backup: backupSchema.prefault({}).meta(notes('Snapshots.')),
  webhook: webhookSchema.optional().meta(notes('Who is told about deliveries.')),
};

/** One agent with its name: what is written beside the functions at synth and read at run time. */
export const agentSchema = z
  .strictObject({
    name: z
      .string()
      .regex(agentNamePattern)
      .meta(
        notes('Name of the agent.', {
          allowed: '1 to 63 lower-case letters, digits, "-" and "_", not starting with "-" or "_"',
        }),
      ),
    ...agentBlocks,
  })
  .transform((agent) => ({ ...agent, backup: inherited(agent.backup, agent.sync) }));

export type AgentConfig = z.output<typeof agentSchema>;

/**
 * A backup leaves out what the sync leaves out, unless it says otherwise. Where it goes is not
 * settled here, because a provider that is inherited and one that is written out mean different
 * places: see `backupPlace`.
 */
function inherited(backup: BackupConfig, sync: SyncConfig): BackupConfig & { exclude: string[] } {
  return { ...backup, exclude: backup.exclude ?? sync.exclude };
}
