import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  InvalidSecretError,
  MissingSecretError,
} from '../../../functions/shared/secrets/errors.ts';
import { secretReader } from '../../../functions/shared/secrets/reader.ts';

const client = new SecretsManagerClient({ region: 'eu-west-1' });
const aws = mockClient(client);
const reader = secretReader(client, 'dev');

beforeEach(() => {
  aws.reset();
});

function givenEntry(text: string): void {
  aws.on(GetSecretValueCommand).resolves({ SecretString: text, VersionId: 'v1' });
}

async function failure(names: string[]): Promise<Error> {
  return reader.read('main', 'webhook', names).then(
    () => {
      throw new Error('it should have failed');
    },
    (error: unknown) => error as Error,
  );
}

test('reads the values and the version of the agent’s own entry', async () => {
  givenEntry('{"TOKEN":"abc","OTHER":"def"}');
  expect(await reader.read('main', 'webhook', ['TOKEN'])).toEqual({
    values: { TOKEN: 'abc', OTHER: 'def' },
    versionId: 'v1',
  });
  expect(aws.call(0).args[0].input).toEqual({ SecretId: 'workspace-sync/dev/main/webhook' });
});

describe('what is missing', () => {
  test('an entry: named with the command that makes it', async () => {
    aws
      .on(GetSecretValueCommand)
      .rejects(new ResourceNotFoundException({ message: 'gone', $metadata: {} }));
    const error = await failure(['TOKEN']);
    expect(error).toBeInstanceOf(MissingSecretError);
    expect(error).toMatchObject({ code: 'secret-missing', retryable: false, names: ['TOKEN'] });
    expect(error.message).toBe(
      'The secret "workspace-sync/dev/main/webhook", which answers the references in the webhook ' +
        'settings of agent "main", does not exist; the configuration refers to TOKEN. ' +
        'Write {"TOKEN":"…"} to secret.json, then run: aws secretsmanager create-secret ' +
        '--name workspace-sync/dev/main/webhook --secret-string file://secret.json',
    );
  });

  test('names: all of them at once, an empty value among them', async () => {
    givenEntry('{"B":"","C":"secret-value"}');
    const error = await failure(['A', 'B', 'C']);
    expect(error).toMatchObject({ code: 'secret-missing', names: ['A', 'B'] });
    expect(error.message).toContain('has no value for A, B');
    expect(error.message).toContain(
      'aws secretsmanager put-secret-value --secret-id workspace-sync/dev/main/webhook',
    );
    expect(error.message).not.toContain('secret-value"');
  });
});

test.each(['hunter2', '["hunter2"]', '{"TOKEN":{"hunter2":1}}', '"hunter2"', ''])(
  'refuses %s without showing it',
  async (text) => {
    givenEntry(text);
    const error = await failure([]);
    expect(error).toBeInstanceOf(InvalidSecretError);
    expect(error).toMatchObject({ code: 'secret-invalid', retryable: false });
    expect(`${error.message} ${error.stack ?? ''} ${String(error.cause)}`).not.toContain('hunter2');
  },
);

test('any other fault is passed on: it may pass', async () => {
  aws.on(GetSecretValueCommand).rejects(new Error('throttled'));
  expect(await failure([])).toHaveProperty('message', 'throttled');
});
