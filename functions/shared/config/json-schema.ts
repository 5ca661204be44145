import * as z from 'zod';
import type { agentBlocks } from './agent.ts';
import { backupSchema } from './backup.ts';
import { agentField, deploymentFields } from './deployment.ts';
import { pluginId } from './forms.ts';
import { isRecord } from './raw.ts';
import { syncSchema } from './sync.ts';
import { webhookSchema } from './webhook.ts';
import { workspaceSchema } from './workspace.ts';

type JsonSchema = Record<string, unknown>;

/** Notes that are the project's own and mean nothing to an editor. */
const ownNotes = ['allowed', 'hidden', 'secret', 'reference', 'added'];

/** The JSON Schema of the file in each of its forms, for editors. */
export function jsonSchema(): JsonSchema {
  const blocks = { sync: ref('sync'), backup: ref('backup') };
  const agent = { workspace: ref('workspace'), ...blocks, webhook: ref('webhook') };
  const top = properties(z.object(deploymentFields));
  const single = { ...top, agent: emitted(agentField), ...agent };
  const agents = { type: 'object', minProperties: 1, additionalProperties: ref('agent') };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Workspace Sync for AWS',
    type: 'object',
    ...either(
      'plugins',
      { properties: { plugins: pluginEntry } },
      {
        ...either('agents', closed({ ...top, agents: { ...agents, description: 'By name.' } }), {
          ...either('sync', closed(single), closed({ ...single, ...properties(syncSchema) })),
        }),
      },
    ),
    $defs: {
      agent: closed(agent),
      workspace: emitted(workspaceSchema),
      sync: emitted(syncSchema),
      backup: emitted(backupSchema),
      webhook: emitted(webhookSchema),
    },
  };
}

const pluginEntry = {
  type: 'object',
  description: `A whole openclaw.json: what is read is entries["${pluginId}"].config.`,
};

/** One form where a key is there, another where it is not. */
function either(key: string, then: JsonSchema, otherwise: JsonSchema): JsonSchema {
  return { if: { required: [key] }, then, else: otherwise };
}

function closed(fields: JsonSchema): JsonSchema {
  return { type: 'object', properties: fields, additionalProperties: false };
}

function ref(name: keyof typeof agentBlocks | 'agent'): JsonSchema {
  return { $ref: `#/$defs/${name}` };
}

function properties(schema: z.ZodType): JsonSchema {
  const fields = emitted(schema)['properties'];
  return isRecord(fields) ? { ...fields } : {};
}

function emitted(schema: z.ZodType): JsonSchema {
  const json: JsonSchema = {
    ...z.toJSONSchema(schema, {
      io: 'input',
      override: ({ jsonSchema: node }) => {
        for (const note of ownNotes) Reflect.deleteProperty(node, note);
      },
    }),
  };
  Reflect.deleteProperty(json, '$schema');
  return json;
}
