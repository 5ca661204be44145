import * as z from 'zod';
import { backupSchema } from './backup.ts';
import { agentField, deploymentFields, objectLockSchema } from './deployment.ts';
import { providerBlocks } from './providers.ts';
import { type Field, fieldOf } from './schema-walk.ts';
import { syncSchema } from './sync.ts';
import { webhookSchema } from './webhook.ts';
import { allowedText } from './wording.ts';
import { workspaceKinds } from './workspace.ts';

/** The configuration reference as Markdown, one table per block. */
export function configurationReference(): string {
  const blocks = Object.keys(providerBlocks);
  return [
    introduction,
    section('Top of the file', topText, z.object({ ...deploymentFields, agent: agentField })),
    section('`snapshots.objectLock`', objectLockText, objectLockSchema),
    section('`sync`', syncText, syncSchema, blocks),
    '## Providers\n\nThese blocks stand in `sync`, and in `backup` where that has a provider of its own.',
    ...Object.entries(providerBlocks).map(([name, block]) => subsection(name, block)),
    section('`backup`', backupText, backupSchema, blocks),
    `## \`workspace\`\n\n${workspaceText}`,
    ...Object.entries(workspaceKinds).map(([kind, block]) =>
      subsection(`"kind": "${kind}"`, block),
    ),
    section('`webhook`', webhookText, webhookSchema),
    secretsText,
  ].join('\n\n');
}

function section(title: string, text: string, schema: z.ZodType, without: string[] = []): string {
  return `## ${title}\n\n${text}\n\n${table(schema, without)}`;
}

function subsection(name: string, schema: z.ZodType): string {
  const { description } = fieldOf(schema);
  return [`### \`${name}\``, description ?? '', table(schema)].filter(Boolean).join('\n\n');
}

function table(schema: z.ZodType, without: string[] = []): string {
  const inner = fieldOf(schema).schema;
  const fields: [string, unknown][] =
    inner instanceof z.ZodObject ? Object.entries(inner.shape) : [];
  const rows = fields.flatMap(([key, value]) =>
    value instanceof z.ZodType && !without.includes(key) ? [row(key, fieldOf(value))] : [],
  );
  const head = '| Key | Type | Default | Allowed | What it does |\n|---|---|---|---|---|';
  return [head, ...rows].join('\n');
}

function row(key: string, field: Field): string {
  const name = `\`${key}\`${field.added === true ? ' ⁺' : ''}`;
  const initial = field.initial === undefined ? absent(field) : code(field.initial);
  const cells = [
    name,
    typeText(field.schema),
    initial,
    plain(allowedText(field)),
    field.description ?? '',
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** A text in which Markdown sees no emphasis and no HTML. */
function plain(text: string): string {
  return text.replace(/[*_<]/g, '\\$&');
}

function absent(field: Field): string {
  return field.required ? '**required**' : '';
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

function typeText(schema: z.ZodType): string {
  if (schema instanceof z.ZodBoolean) return 'boolean';
  if (schema instanceof z.ZodNumber) return 'number';
  if (schema instanceof z.ZodArray) return 'list';
  if (schema instanceof z.ZodUnion) return 'number or object';
  return schema instanceof z.ZodObject || schema instanceof z.ZodRecord ? 'object' : 'text';
}

const introduction = `# Configuration

<!-- Written by scripts/write-docs.ts from the schema: change the schema, not this file. -->

One JSON file, in whichever of four forms is at hand:

| Form | Looks like | Agents |
|---|---|---|
| deployment | \`{ "deployment": "home", "agents": { "main": { "sync": { … } } } }\` | any number |
| nested | \`{ "sync": { … }, "backup": { … }, "workspace": { … }, "webhook": { … } }\` | one |
| flat | \`{ "provider": "dropbox", "mode": "mailbox", … }\`: the keys of \`sync\` at the root | one |
| openclaw.json | the whole file of a gateway; \`plugins.entries["openclaw-workspace-sync"].config\` is read | one |

Mistakes are reported together, each with its key, what was given, what is allowed and what to change;
those between agents follow once the blocks are right.
Keys marked ⁺ are not in the plugin’s configuration. [workspace-sync.example.json](../workspace-sync.example.json)
is a start, and \`"$schema": "./config.schema.json"\` makes an editor help.`;

const topText =
  '`agent` names the one agent of the nested and the flat form; in a deployment `agents` does.';

const syncText =
  'Keys, defaults and limits of the original plugin. The settings of the provider stand in a ' +
  'block of its name, see [Providers](#providers).';

const objectLockText =
  'With it, S3 itself refuses to delete a snapshot, or to replace it, before its days are over, whoever asks; a delete ' +
  'by the retention leaves a marker, and the bytes go when the lock has ended and 30 days have passed. Decide before ' +
  'the first deployment: CloudFormation has been seen to answer a later change by making a new, empty bucket, with the ' +
  'old one and its snapshots left beside it, outside of the deployment. Object Lock cannot be switched off again. For a ' +
  'bucket that exists, leave the key out and run `aws s3api put-object-lock-configuration`, which switches it on in ' +
  'place.';

const backupText =
  'Without a cloud folder, or with the provider `s3` and neither bucket nor keys nor endpoint, snapshots are kept in ' +
  'the deployment’s own bucket under `<agent>/`, where no function can overwrite them and only the pruning can delete.';

const workspaceText =
  'Without this block, the deployment makes a bucket for the workspace: `{ "kind": "s3" }`.';

const webhookText = 'Without this block nobody is told; the receipts in `_inbox/.receipts` remain.';

const secretsText = `## Secrets

No secret stands in the file: where one is needed, write \`\${NAME}\` (a capital letter, then capitals, digits and \`_\`, at
most 64) as the whole value. What it stands for lies in AWS Secrets Manager in the entry
\`workspace-sync/<deployment>/<agent>/<block>\`, where \`<block>\` is \`sync\`, \`backup\`, \`webhook\` or
\`workspace\`: a JSON object with a text under each name. The reference of \`backup.passphrase\` has an entry of its own,
\`workspace-sync/<deployment>/<agent>/passphrase\`; a \`backup\` that uses the storage of \`sync\` uses the entry of \`sync\`.
Every job reads the entries that it needs and no others. The entries are yours: no deployment makes or deletes them, and
nothing in them is changed but OAuth tokens. Providers replace those as they are used, and some accept each refresh token
once only. A job that gets a new token writes it back at once, over the version that it has read: what you edit meanwhile
stays, a token of yours included. So let no other program use the same token, and give agents that share one account one
entry: \`"credentialsOf": "<the other agent>"\` in their block.

\`\`\`sh
aws secretsmanager create-secret --name workspace-sync/default/main/sync \\
  --secret-string file://secrets.json   # { "DROPBOX_TOKEN": "…" }
aws secretsmanager put-secret-value --secret-id workspace-sync/default/main/sync \\
  --secret-string file://secrets.json   # to change it later: the whole object
\`\`\`

A secret that is written out is refused and never printed. Among the options of rclone, those whose names speak of
passwords, secrets, tokens, keys, credentials or sessions must be references, and so must \`headers\` and an address with
a password or a token in it; names of files and ids need not.
`;
