import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { secretName, type SecretScope } from '../contract/index.ts';
import { InvalidSecretError, MissingSecretError, type SecretEntry } from './errors.ts';

/** The values of an entry, and which version of it they are. */
export interface SecretValues {
  values: Record<string, string>;
  versionId: string;
}

/** Reads what answers the `${NAME}` references of one block of an agent's configuration. */
export interface SecretReader {
  /**
   * @param names the references that have to be answered
   * @throws MissingSecretError where the entry or one of the names is not there
   * @throws InvalidSecretError where the entry's value is not a JSON object of strings
   */
  read(agent: string, scope: SecretScope, names?: readonly string[]): Promise<SecretValues>;
}

const valuesSchema = z.record(z.string(), z.string());

/** The reader on Secrets Manager. It keeps nothing: a new value counts from the next call on. */
export function secretReader(client: SecretsManagerClient, deployment: string): SecretReader {
  return {
    async read(agent, scope, names = []) {
      const entry = { agent, scope, name: secretName(deployment, agent, scope) };
      const { values, versionId } = await readEntry(client, entry, names);
      const missing = names.filter((name) => !values[name]);
      if (missing.length > 0) throw new MissingSecretError(entry, missing, 'entry');
      return { values, versionId };
    },
  };
}

/**
 * The current version of an entry, whatever it holds.
 * @param names what the entry is read for, for the message where it does not exist
 * @throws MissingSecretError, InvalidSecretError
 */
export async function readEntry(
  client: SecretsManagerClient,
  entry: SecretEntry,
  names: readonly string[],
): Promise<SecretValues> {
  const { text, versionId } = await fetchEntry(client, entry, names);
  return { values: parse(entry, text), versionId };
}

async function fetchEntry(
  client: SecretsManagerClient,
  entry: SecretEntry,
  names: readonly string[],
): Promise<{ text: string; versionId: string }> {
  try {
    const answer = await client.send(new GetSecretValueCommand({ SecretId: entry.name }));
    return { text: answer.SecretString ?? '', versionId: answer.VersionId ?? '' };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) {
      throw new MissingSecretError(entry, names, 'no-entry');
    }
    throw error;
  }
}

/** Neither the parser's nor the schema's words are passed on: they may quote the value. */
function parse(entry: SecretEntry, text: string): Record<string, string> {
  const parsed = valuesSchema.safeParse(parseJson(entry, text));
  if (!parsed.success) throw new InvalidSecretError(entry, 'is not an object of strings');
  return parsed.data;
}

function parseJson(entry: SecretEntry, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidSecretError(entry, 'does not hold JSON');
  }
}
