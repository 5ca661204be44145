import type { SecretScope } from '../contract/index.ts';
import { WorkspaceSyncError } from '../errors.ts';

/** The entry of one block of an agent's configuration in Secrets Manager. */
export interface SecretEntry {
  agent: string;
  scope: SecretScope;
  /** The entry's name in Secrets Manager. */
  name: string;
}

/** The entry does not exist, or does not answer a reference of the configuration. */
export class MissingSecretError extends WorkspaceSyncError {
  /** The references without an answer. */
  readonly names: readonly string[];

  constructor(entry: SecretEntry, names: readonly string[], found: 'no-entry' | 'entry') {
    super(found === 'no-entry' ? noEntry(entry, names) : noNames(entry, names), {
      code: 'secret-missing',
      retryable: false,
    });
    this.names = names;
  }
}

/** The entry exists, and its value is not a JSON object of strings. The value is never quoted. */
export class InvalidSecretError extends WorkspaceSyncError {
  constructor(entry: SecretEntry, problem: string) {
    super(
      `${title(entry)} ${problem}. It has to be a JSON object of strings, ` +
        `such as ${example(['NAME'])}. Write that to secret.json, then run: ${putCommand(entry)}`,
      { code: 'secret-invalid', retryable: false },
    );
  }
}

function noEntry(entry: SecretEntry, names: readonly string[]): string {
  const content = names.length > 0 ? example(names) : example(['NAME']);
  return (
    `${title(entry)} does not exist${wanted(names)}. ` +
    `Write ${content} to secret.json, then run: ` +
    `aws secretsmanager create-secret --name ${entry.name} --secret-string file://secret.json`
  );
}

function noNames(entry: SecretEntry, names: readonly string[]): string {
  return (
    `${title(entry)} has no value for ${names.join(', ')}. Write the whole object, with what it ` +
    `holds now and ${example(names)}, to secret.json, then run: ${putCommand(entry)}`
  );
}

function title({ agent, scope, name }: SecretEntry): string {
  return `The secret "${name}", which answers the references in the ${scope} settings of agent "${agent}",`;
}

function wanted(names: readonly string[]): string {
  return names.length > 0 ? `; the configuration refers to ${names.join(', ')}` : '';
}

function putCommand({ name }: SecretEntry): string {
  return `aws secretsmanager put-secret-value --secret-id ${name} --secret-string file://secret.json`;
}

function example(names: readonly string[]): string {
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, '…'])));
}
