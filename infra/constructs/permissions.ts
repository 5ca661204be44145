import { Aws } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { Effect, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { AgentConfig, SyncConfig } from '../../functions/shared/config/index.ts';
import { linkKeys, linkStates } from '../../functions/shared/contract/drop-links.ts';
import {
  folders,
  secretName,
  stagingFolder,
  statusPath,
  type SecretScope,
} from '../../functions/shared/contract/index.ts';
import type { Buckets } from './buckets.ts';
import { acknowledgeWildcards } from './nag.ts';
import { tokenScopes } from './token-scopes.ts';

/** Something that a role may do. A `*` in a resource needs a reason. */
export interface Grant {
  actions: string[];
  resources: string[];
  conditions?: Record<string, Record<string, unknown>>;
  /** Forbids it instead, whatever else is allowed. */
  effect?: Effect.DENY;
  /** Why the resources cannot be named one by one. */
  why?: string;
}

/** What the grants are about. */
export interface Granted {
  deployment: string;
  buckets: Buckets;
  bus: EventBus;
  /** Queue from which `notify` posts. */
  notificationQueue: IQueue;
  /** Queue that keeps notifications which may never be retried. */
  deadNotificationQueue: IQueue;
}

const everyAgent =
  'Keys begin with the name of an agent and end with the names of its files; one function serves all agents.';

/** Adds the grants to the role, and accepts their wildcards with the reason that they give. */
export function allow(role: Role, grants: readonly Grant[]): void {
  for (const { why, ...statement } of grants) {
    role.addToPolicy(new PolicyStatement(statement));
    if (why !== undefined) acknowledgeWildcards(role, statement.resources, why);
  }
}

/**
 * What `sync` may do: read and change workspaces, as mirror, bisync and a pull need it, put mail into
 * their inboxes and never delete there, keep its own state, and write to agents' buckets that it
 * reaches by its role. It has no access to drops, snapshots or webhook secrets.
 */
export function syncGrants(granted: Granted, agents: readonly AgentConfig[]): Grant[] {
  const { buckets } = granted;
  return [
    list(buckets.workspace.bucketArn),
    keys(
      ['s3:GetObject', 's3:DeleteObject', ...uploads],
      [buckets.workspace.arnForObjects('*/workspace/*')],
    ),
    {
      ...keys(
        ['s3:DeleteObject'],
        [buckets.workspace.arnForObjects(`*/workspace/${folders.inbox}/*`)],
      ),
      effect: Effect.DENY,
    },
    ...stateOf(granted, ['leases', 'status', 'manifests', 'journals', 'settings', 'bisync']),
    ...reportsOf(granted),
    secretsOf(granted, ['sync', 'workspace']),
    ...tokensOf(granted, agents, ['sync', 'workspace']),
    ...announcements(granted),
    ...agents.flatMap(({ sync }) => cloudFolderGrants(sync)),
  ];
}

/**
 * What `drain` may do: read drops, deliver them into inboxes, put them into quarantine, and delete
 * the exact version of a drop that it has delivered. A plain delete, which would hide a newer
 * version, is not granted.
 */
export function drainGrants(
  granted: Granted,
  agents: readonly AgentConfig[],
  dropQueue: IQueue,
): Grant[] {
  const { buckets } = granted;
  const drops = buckets.exchange.arnForObjects(`*/${folders.outbox}/*`);
  return [
    list(buckets.exchange.bucketArn),
    { actions: ['s3:ListBucketVersions'], resources: [buckets.exchange.bucketArn] },
    keys(['s3:GetObjectVersion', 's3:DeleteObjectVersion'], [drops]),
    keys(uploads, [buckets.exchange.arnForObjects(`*/${folders.quarantine}/*`)]),
    ...(agents.every(({ workspace }) => workspace.kind === 's3') ? [] : [stagingOf(buckets)]),
    list(buckets.workspace.bucketArn),
    keys(
      ['s3:GetObject', ...uploads],
      [buckets.workspace.arnForObjects(`*/workspace/${folders.inbox}/*`)],
    ),
    ...stateOf(granted, ['leases', 'status', 'journals']),
    ...dropLinksOf(buckets),
    ...reportsOf(granted),
    secretsOf(granted, ['workspace']),
    ...tokensOf(granted, agents, ['workspace']),
    ...announcements(granted),
    consume(dropQueue),
  ];
}

/**
 * Links that people without an account drop by: what they allow is read and never written, each slot
 * is given to one file, and the page is told what became of it.
 */
function dropLinksOf({ exchange, state }: Buckets): Grant[] {
  const { records, slots } = linkStates;
  return [
    keys(['s3:GetObject'], [state.arnForObjects(`${records}/*`)]),
    keys(['s3:GetObject', 's3:PutObject'], [state.arnForObjects(`${slots}/*`)]),
    keys(['s3:GetObject', 's3:PutObject'], [exchange.arnForObjects(linkKeys.receipts('*'))]),
    keys(uploads, [exchange.arnForObjects(linkKeys.refused('*', '*'))]),
  ];
}

/** Drops on their way into a workspace that only rclone can write to: copies, ours to delete. */
function stagingOf({ exchange }: Buckets): Grant {
  const copies = exchange.arnForObjects(`${stagingFolder}/*`);
  return keys(['s3:GetObject', 's3:DeleteObject', ...uploads], [copies]);
}

/** What `notify` may do: remember what it has posted, and read the webhooks' secrets. */
export function notifyGrants(granted: Granted): Grant[] {
  return [
    ...stateOf(granted, ['notifications']),
    secretsOf(granted, ['webhook']),
    consume(granted.notificationQueue),
    { actions: ['sqs:SendMessage'], resources: [granted.deadNotificationQueue.queueArn] },
  ];
}

/**
 * What `status` may do: read what runs have written down, count dead letters, and write one file into
 * each workspace. Nothing that it says takes a secret: it reads those alone that open a workspace which
 * only rclone reaches.
 */
export function statusGrants(
  granted: Granted,
  agents: readonly AgentConfig[],
  dead: readonly IQueue[],
): Grant[] {
  const { workspace, state } = granted.buckets;
  const kinds = new Set(agents.map((agent) => agent.workspace.kind));
  const tokens = tokensOf(granted, agents, ['workspace']);
  return [
    list(state.bucketArn),
    keys(
      ['s3:GetObject'],
      ['status/*', 'running/*', 'notifications/*'].map((pattern) => state.arnForObjects(pattern)),
    ),
    { actions: ['sqs:GetQueueAttributes'], resources: dead.map(({ queueArn }) => queueArn) },
    ...(kinds.has('s3')
      ? [keys(['s3:PutObject'], [workspace.arnForObjects(`*/workspace/${statusPath}`)])]
      : []),
    ...(kinds.has('remote') ? [secretsOf(granted, ['workspace'])] : []),
    ...(tokens.length > 0 ? [...tokens, ...stateOf(granted, ['leases'])] : []),
  ];
}

/** What it takes to write objects of any size. */
export const uploads = ['s3:PutObject', 's3:AbortMultipartUpload'];

/**
 * Without the right to list, S3 answers 403 for a key that does not exist, and "absent" could not be
 * told from "forbidden". No condition on the prefix: a request for a key carries none.
 */
export function list(bucketArn: string): Grant {
  return { actions: ['s3:ListBucket'], resources: [bucketArn] };
}

/** Objects of every agent. */
export function keys(actions: string[], resources: string[]): Grant {
  return { actions, resources, why: everyAgent };
}

/** What runs remember in the state bucket, by the first part of its keys. */
export function stateOf(
  { buckets: { state } }: Pick<Granted, 'buckets'>,
  kinds: readonly string[],
  actions = ['s3:GetObject', 's3:PutObject'],
): Grant[] {
  const resources = kinds.map((kind) => state.arnForObjects(`${kind}/*`));
  return [list(state.bucketArn), keys(actions, resources)];
}

/**
 * What runs say of themselves: reports, by which a request that comes twice is recognised, and how far
 * they have come while they are at work.
 */
export function reportsOf({ buckets: { state } }: Pick<Granted, 'buckets'>): Grant[] {
  return [
    keys(['s3:GetObject', 's3:PutObject'], [state.arnForObjects('history/*')]),
    keys(['s3:PutObject'], [state.arnForObjects('running/*')]),
  ];
}

/** Entries of Secrets Manager end in a dash and six characters of its own choice. */
export function secretsOf(
  { deployment }: Pick<Granted, 'deployment'>,
  scopes: readonly SecretScope[],
): Grant {
  return onEntries(deployment, scopes, ['secretsmanager:GetSecretValue']);
}

/**
 * The right to save refreshed OAuth tokens in entries of these scopes, where agents have some: it
 * takes a new version and the move of the label that makes it the current one.
 */
export function tokensOf(
  { deployment }: Pick<Granted, 'deployment'>,
  agents: readonly AgentConfig[],
  scopes: readonly SecretScope[],
): Grant[] {
  const used = new Set(agents.flatMap(tokenScopes));
  const refreshed = scopes.filter((scope) => used.has(scope));
  if (refreshed.length === 0) return [];
  const actions = ['PutSecretValue', 'UpdateSecretVersionStage'];
  return [
    onEntries(
      deployment,
      refreshed,
      actions.map((action) => `secretsmanager:${action}`),
    ),
  ];
}

function onEntries(deployment: string, scopes: readonly SecretScope[], actions: string[]): Grant {
  const entries = `arn:${Aws.PARTITION}:secretsmanager:${Aws.REGION}:${Aws.ACCOUNT_ID}:secret`;
  return {
    actions,
    resources: scopes.map((kind) => `${entries}:${secretName(deployment, '*', kind)}-??????`),
    why: 'The entries are made by the operator, one per agent; the last part of the name keeps each job to its own kind.',
  };
}

function announcements(granted: Granted): Grant[] {
  return [
    events(granted),
    { actions: ['sqs:SendMessage'], resources: [granted.notificationQueue.queueArn] },
  ];
}

/** The outcome of runs, and requests for their next legs. */
export function events({ bus }: Pick<Granted, 'bus'>): Grant {
  return { actions: ['events:PutEvents'], resources: [bus.eventBusArn] };
}

function consume(queue: IQueue): Grant {
  return {
    actions: [
      'sqs:ReceiveMessage',
      'sqs:DeleteMessage',
      'sqs:ChangeMessageVisibility',
      'sqs:GetQueueAttributes',
    ],
    resources: [queue.queueArn],
  };
}

/** An agent's cloud folder, where it is reached by the function's role. */
function cloudFolderGrants(sync: SyncConfig): Grant[] {
  const folder = folderByRole(sync);
  if (!folder) return [];
  return [
    folder.list,
    {
      actions: ['s3:GetObject', 's3:DeleteObject', ...uploads],
      resources: [folder.objects('*')],
      why: 'The cloud folder that the operator has given to this agent; its files cannot be named beforehand.',
    },
  ];
}

/** A folder of a bucket that is not the deployment's own. */
export interface BucketFolder {
  /** The right to list it, and no other folder of the bucket. */
  list: Grant;
  /** ARN of the objects below it whose names match. */
  objects(pattern: string): string;
}

/**
 * A folder in a bucket of the same account, reached by the function's role because the configuration
 * names neither an endpoint nor a key; `undefined` for any other storage.
 */
export function folderByRole({
  provider,
  s3,
  remotePath,
}: Pick<SyncConfig, 's3' | 'remotePath'> & { provider: string }): BucketFolder | undefined {
  if (provider !== 's3' || !s3?.bucket) return undefined;
  if (s3.endpoint !== '' || s3.accessKeyId !== undefined) return undefined;
  const bucket = `arn:${Aws.PARTITION}:s3:::${literal(s3.bucket)}`;
  const folder = literal(remotePath.replace(/^\/+|\/+$/g, ''));
  return {
    list: {
      ...list(bucket),
      // IfExists, because a request for a key names no prefix and has to answer "not found".
      conditions: { StringLikeIfExists: { 's3:prefix': folder ? [folder, `${folder}/*`] : ['*'] } },
    },
    objects: (pattern) => `${bucket}/${folder ? `${folder}/` : ''}${pattern}`,
  };
}

/** Text that a policy takes as it is, though it holds characters that policies interpret. */
function literal(text: string): string {
  return text.replace(/[*?$]/g, (character) => `\${${character}}`);
}
