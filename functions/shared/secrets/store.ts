import { randomUUID } from 'node:crypto';
import {
  InvalidParameterException,
  InvalidRequestException,
  PutSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { secretName, type SecretScope } from '../contract/index.ts';
import { InvalidSecretError, MissingSecretError, type SecretEntry } from './errors.ts';
import { readEntry, type SecretReader, secretReader, type SecretValues } from './reader.ts';
import { persistently, type Patience } from './retry.ts';

/** One value of an entry, as it was read and as it is to be. */
export interface SecretChange {
  agent: string;
  scope: SecretScope;
  /** The reference that the value answers. */
  name: string;
  /** `undefined` where the entry had no such value. */
  from: string | undefined;
  to: string;
}

/**
 * What became of a change. `superseded`: somebody else has changed or removed that very value, and
 * theirs stays. `gone`: there is no entry any more, and none is made.
 */
export type ChangeOutcome = 'written' | 'superseded' | 'gone';

/** Reads entries, and changes single values of them. */
export interface SecretStore extends SecretReader {
  /**
   * Replaces one value where it is still what was read. Every other value stays as it is in the
   * version that is current at that moment, also where somebody edits the entry meanwhile. Transient
   * faults are tried again for as long as `patience` says.
   * @throws what Secrets Manager answers, where the value could not be saved
   */
  replace(change: SecretChange, patience: Patience): Promise<ChangeOutcome>;
}

/** Marks a version that is written and not current yet; the operator's tools look at none of these. */
export const stagingLabel = 'WORKSPACE_SYNC_STAGED';

/** How often a change may meet another writer's: an operator does not edit that fast. */
const maxConflicts = 20;

/** The store on Secrets Manager. It keeps nothing: a new value counts from the next call on. */
export function secretStore(client: SecretsManagerClient, deployment: string): SecretStore {
  return {
    ...secretReader(client, deployment),
    async replace(change, patience) {
      const { agent, scope } = change;
      const entry = { agent, scope, name: secretName(deployment, agent, scope) };
      for (let conflicts = 0; conflicts < maxConflicts; conflicts++) {
        const outcome = await attempt(client, entry, change, patience);
        if (outcome !== 'conflict') return outcome;
      }
      throw new Error(`${entry.name} was changed by others ${maxConflicts} times in a row.`);
    },
  };
}

/**
 * Puts a version beside the current one and then moves AWSCURRENT from exactly the version that was
 * read: the one call of Secrets Manager that fails where another version has become current.
 */
async function attempt(
  client: SecretsManagerClient,
  entry: SecretEntry,
  { name, from, to }: SecretChange,
  patience: Patience,
): Promise<ChangeOutcome | 'conflict'> {
  const current = await persistently(patience, () => currentOf(client, entry));
  if (typeof current === 'string') return current;
  const { values, versionId } = current;
  // An answer that was lost on its way: the change had been made.
  if (values[name] === to) return 'written';
  if (values[name] !== from) return 'superseded';
  const staged = new PutSecretValueCommand({
    SecretId: entry.name,
    SecretString: JSON.stringify({ ...values, [name]: to }),
    VersionStages: [stagingLabel],
    ClientRequestToken: randomUUID(),
  });
  const { VersionId } = await persistently(patience, () => client.send(staged));
  const move = new UpdateSecretVersionStageCommand({
    SecretId: entry.name,
    VersionStage: 'AWSCURRENT',
    MoveToVersionId: VersionId,
    RemoveFromVersionId: versionId,
  });
  return persistently(patience, () => moved(client, move));
}

async function currentOf(
  client: SecretsManagerClient,
  entry: SecretEntry,
): Promise<SecretValues | 'gone' | 'superseded'> {
  try {
    return await readEntry(client, entry, []);
  } catch (error) {
    // An entry that waits for its deletion answers with an invalid request.
    if (error instanceof MissingSecretError || error instanceof InvalidRequestException) {
      return 'gone';
    }
    if (error instanceof InvalidSecretError) return 'superseded';
    throw error;
  }
}

async function moved(
  client: SecretsManagerClient,
  command: UpdateSecretVersionStageCommand,
): Promise<'written' | 'conflict'> {
  try {
    await client.send(command);
    return 'written';
  } catch (error) {
    if (isConflict(error)) return 'conflict';
    throw error;
  }
}

function isConflict(error: unknown): boolean {
  return [InvalidParameterException, InvalidRequestException, ResourceNotFoundException].some(
    (kind) => error instanceof kind,
  );
}
