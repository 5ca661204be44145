import {
  type AgentConfig,
  backupPlace,
  type DeploymentConfig,
  referencesIn,
} from '../../functions/shared/config/index.ts';
import { commandLine, type Chosen } from '../command-line.ts';
import { secretName, type SecretScope } from '../../functions/shared/contract/index.ts';

/** What a value is, which decides how it is asked for and in which form it is stored. */
export type SecretKind =
  /** OAuth: the JSON text that rclone prints. */
  | { kind: 'token'; provider: string }
  /** What opens the snapshots. */
  | { kind: 'passphrase' }
  /** An option of an rclone backend, which keeps passwords obscured. */
  | { kind: 'option'; backend: string; option: string }
  | { kind: 'plain' };

/** One reference of the configuration, and where its value lies. */
export interface SecretNeed {
  /** Whose entry answers it: another agent's where the block says `credentialsOf`. */
  agent: string;
  scope: SecretScope;
  /** Name of the reference, such as `DROPBOX_TOKEN`. */
  reference: string;
  /** Name of the entry in Secrets Manager. */
  entry: string;
  what: SecretKind;
  /** The settings of this agent that it stands in: `sync.dropbox.token`. */
  key: string;
}

/** What of a configuration refers to secrets. */
type Referring = Pick<DeploymentConfig, 'deployment' | 'agents'>;

/** The references of one agent, wherever their values lie. Pure. */
export function needsOfAgent({ deployment, agents }: Referring, agent: string): SecretNeed[] {
  return secretNeeds({ deployment, agents: agents.filter(({ name }) => name === agent) });
}

/** Every reference that some job resolves; settings that nothing uses need no value. Pure. */
export function secretNeeds({ deployment, agents }: Referring): SecretNeed[] {
  const found = agents.flatMap((agent) =>
    blocksOf(agent).flatMap(({ scope, of, at, value }) =>
      leavesOf(value, at).flatMap(({ key, text }) =>
        referencesIn(text).map((reference) => ({
          agent: of ?? agent.name,
          scope,
          reference,
          entry: secretName(deployment, of ?? agent.name, scope),
          what: kindOf(key, value),
          key,
        })),
      ),
    ),
  );
  return [...Map.groupBy(found, identity).values()].flatMap(([first]) => first ?? []);
}

function identity({ entry, reference }: SecretNeed): string {
  return `${entry} ${reference}`;
}

/** A part of an agent's configuration that one entry answers. */
interface Block {
  scope: SecretScope;
  of: string | undefined;
  at: string;
  value: unknown;
}

function blocksOf(agent: AgentConfig): Block[] {
  const { sync, backup, webhook, workspace } = agent;
  const place = backupPlace(agent);
  const blocks: Block[] = [];
  if (sync.provider !== 'off') {
    const { provider, credentialsOf } = sync;
    blocks.push({
      scope: 'sync',
      of: credentialsOf,
      at: `sync.${provider}`,
      value: sync[provider],
    });
  }
  if (backup.enabled && place.kind === 'remote') {
    const { scope, settings } = place;
    const { provider, credentialsOf } = settings;
    const value = settings[provider];
    blocks.push({ scope, of: credentialsOf, at: `${scope}.${provider}`, value });
  }
  if (backup.enabled && backup.encrypt) {
    const value = backup.passphrase;
    blocks.push({ scope: 'passphrase', of: undefined, at: 'backup.passphrase', value });
  }
  blocks.push({ scope: 'webhook', of: undefined, at: 'webhook', value: webhook });
  if (workspace.kind === 'remote') {
    const of = workspace.credentialsOf;
    blocks.push({ scope: 'workspace', of, at: 'workspace', value: workspace });
  }
  return blocks;
}

function leavesOf(value: unknown, key: string): { key: string; text: string }[] {
  if (typeof value === 'string') return [{ key, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => leavesOf(item, `${key}.${name}`));
}

function kindOf(key: string, block: unknown): SecretKind {
  if (key === 'backup.passphrase') return { kind: 'passphrase' };
  const parts = key.split('.');
  const option = parts.at(-1) ?? '';
  const isOption = parts.at(-2) === 'rcloneOptions';
  const backend = isOption ? backendOf(block) : '';
  if (option === 'token' && parts[0] !== 'webhook') {
    return { kind: 'token', provider: isOption ? backend : (parts[1] ?? '') };
  }
  return isOption ? { kind: 'option', backend, option } : { kind: 'plain' };
}

function backendOf(block: unknown): string {
  if (typeof block !== 'object' || block === null) return '';
  const { rcloneType } = block as { rcloneType?: unknown };
  return typeof rcloneType === 'string' ? rcloneType : '';
}

/** The command that sets a secret, and what else would. */
export interface Cure {
  cure: string;
  otherwise?: string;
}

/** How a secret is set: a token by a login, and anything else by its value. */
export function cureOf({ reference, agent, what }: SecretNeed, chosen: Chosen): Cure {
  const general = { ...chosen, agent };
  const set = ['secrets', 'set', reference];
  const cure = commandLine(set, general);
  switch (what.kind) {
    case 'token':
      return { cure: commandLine(['authorize'], general), otherwise: cure };
    case 'passphrase':
      return { cure, otherwise: commandLine([...set, '--generate'], general) };
    case 'option':
    case 'plain':
      return { cure };
  }
}
