import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { resolveReferences, referencesIn, type AgentConfig } from '../config/index.ts';
import { isSecretOption } from '../config/secret-options.ts';
import { environment, workspacePrefix, type SecretScope } from '../contract/index.ts';
import type { AuthorizedRemote } from '../credentials/credential.ts';
import {
  cloudRemote,
  customRemote,
  folderRemote,
  ownBucketRemote,
  type Remote,
} from '../rclone/remote.ts';
import { required, type Runtime } from '../runtime/runtime.ts';

/** Where the functions mount the file system of an EFS workspace. */
export const mountFolder = '/mnt/workspace';

/** A block of the configuration whose references another agent's entry may answer. */
type Block = object & { credentialsOf?: string | undefined };

/**
 * A block of the configuration with its `${NAME}` references answered from its secret entry: the
 * agent's own, or that of the agent which it shares an account with.
 */
export async function withSecrets<T extends Block>(
  runtime: Runtime,
  agent: string,
  scope: SecretScope,
  block: T,
): Promise<T> {
  const names = referencesIn(block);
  if (names.length === 0) return block;
  const { values } = await runtime.secrets.read(block.credentialsOf ?? agent, scope, names);
  return resolveReferences(block, values);
}

/**
 * The remote that a block describes, with its references answered, and with the place from which
 * its token came.
 */
export async function remoteOf<T extends Block>(
  runtime: Runtime,
  agent: string,
  scope: SecretScope,
  block: T,
  build: (block: T) => Remote,
): Promise<AuthorizedRemote> {
  const remote = build(await withSecrets(runtime, agent, scope, block));
  const [reference] = referencesIn(build(block).options['token']);
  if (reference === undefined) return remote;
  return { ...remote, tokenSource: { agent: block.credentialsOf ?? agent, scope, reference } };
}

/** The agent's whole workspace as an rclone remote, whatever it lies on. */
export async function workspaceRemote(
  runtime: Runtime,
  agent: AgentConfig,
): Promise<AuthorizedRemote> {
  const { workspace, sync } = agent;
  switch (workspace.kind) {
    case 's3': {
      const bucket = required(runtime.env, environment.workspaceBucket);
      return ownBucketRemote('workspace', bucket, workspacePrefix(agent.name), runtime.s3Access);
    }
    case 'efs':
      return folderRemote('workspace', mounted(workspace.path), sync.copySymlinks);
    case 'remote':
      return remoteOf(runtime, agent.name, 'workspace', workspace, ({ path, ...custom }) =>
        customRemote('workspace', path, custom),
      );
  }
}

/** A folder of the mounted file system. */
export function mounted(path: string): string {
  return join(mountFolder, path);
}

/** The agent's OpenClaw state beside a workspace that only rclone reaches, where it has one. */
export async function stateRemote(
  runtime: Runtime,
  { name, workspace }: AgentConfig,
): Promise<AuthorizedRemote | undefined> {
  if (workspace.kind !== 'remote' || workspace.statePath === undefined) return undefined;
  return remoteOf(runtime, name, 'workspace', workspace, ({ statePath, ...custom }) =>
    customRemote('state', statePath ?? '', custom),
  );
}

/** The folder below a remote's root, as a remote of its own. */
export function below<R extends Remote>(remote: R, path: string): R {
  if (path === '') return remote;
  return { ...remote, root: remote.root === '' ? path : `${remote.root}/${path}` };
}

/** The agent's cloud folder, with the credentials that reach it. */
export function agentCloud(
  runtime: Runtime,
  { name, sync }: AgentConfig,
): Promise<AuthorizedRemote> {
  return remoteOf(runtime, name, 'sync', sync, (settings) =>
    cloudRemote('cloud', settings, runtime.s3Access),
  );
}

/** A folder of the exchange bucket, for workspaces that only rclone can write to. */
export function exchangeRemote(runtime: Runtime, prefix: string): Remote {
  const bucket = required(runtime.env, environment.exchangeBucket);
  return ownBucketRemote('drops', bucket, prefix, runtime.s3Access);
}

/**
 * Names what two places are, so that what is remembered of one pair is never applied to another.
 * Every option may name a place but those that are known not to: credentials and the pace change while
 * the place stays. The account behind a token cannot be told.
 */
export function bindingOf(workspace: Remote, cloud: Remote): string {
  return digest(JSON.stringify([placeOf(workspace), placeOf(cloud)]));
}

function placeOf({ options, root }: Remote): unknown[] {
  // A bucket that the function's role opens is named by its root, however it is reached.
  const isOwn = options['env_auth'] === 'true';
  const named = Object.entries(options).filter(
    ([key]) =>
      !isSecretOption(key) && !changeable.test(key) && !(isOwn && /^(endpoint|region)$/.test(key)),
  );
  return [root, named.sort(([a], [b]) => (a < b ? -1 : 1))];
}

/** Options that are about credentials, pace and form, and not about where files lie. */
const changeable =
  /^(?:env_auth|access_key_id|client_id|auth_url|token_url|provider|scope|vendor|no_check_bucket|batch_mode|skip_gdocs|skip_shortcuts|stop_on_upload_limit)$|_file$|pacer|timeout|chunk|cutoff|concurrency|retries|buffer|cache|description/;

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
