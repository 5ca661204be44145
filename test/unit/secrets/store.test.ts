import {
  DecryptionFailure,
  GetSecretValueCommand,
  InvalidParameterException,
  InvalidRequestException,
  PutSecretValueCommand,
  SecretsManagerClient,
  SecretsManagerServiceException,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../functions/shared/clock.ts';
import { secretStore, stagingLabel } from '../../../functions/shared/secrets/store.ts';

const client = new SecretsManagerClient({ region: 'eu-west-1' });
const aws = mockClient(client);
const store = secretStore(client, 'dev');
const change = { agent: 'main', scope: 'sync', name: 'TOKEN', from: 'old', to: 'new' } as const;
const SecretId = 'workspace-sync/dev/main/sync';

let now = 0;
const clock: Clock = {
  now: () => now,
  sleep: (ms) => {
    now += ms;
    return Promise.resolve();
  },
};
const patience = { clock, until: 60_000 };

beforeEach(() => {
  aws.reset();
  now = 0;
  givenEntry({ OTHER: 'stays', TOKEN: 'old', ALSO: 'stays, too' });
  aws.on(PutSecretValueCommand).resolves({ VersionId: 'v2' });
  aws.on(UpdateSecretVersionStageCommand).resolves({});
});

function givenEntry(...versions: object[]): void {
  const answers = aws.on(GetSecretValueCommand);
  versions.forEach((values, index) => {
    const answer = { SecretString: JSON.stringify(values), VersionId: `v${index}` };
    if (index < versions.length - 1) answers.resolvesOnce(answer);
    else answers.resolves(answer);
  });
}

const about = { message: 'no', $metadata: {} };
const throttled = new SecretsManagerServiceException({
  ...about,
  name: 'ThrottlingException',
  $fault: 'client',
});
const unavailable = new SecretsManagerServiceException({
  ...about,
  name: 'InternalServiceError',
  $fault: 'server',
});
const moved = new InvalidParameterException(about);

function written(): unknown[] {
  return aws
    .commandCalls(PutSecretValueCommand)
    .map(({ args: [{ input }] }) => JSON.parse(input.SecretString ?? '') as unknown);
}

describe('a change', () => {
  it('puts a version beside the current one, and moves the label from the version that was read', async () => {
    expect(await store.replace(change, patience)).toBe('written');
    const [put] = aws.commandCalls(PutSecretValueCommand);
    expect(put?.args[0].input).toMatchObject({ SecretId, VersionStages: [stagingLabel] });
    const [move] = aws.commandCalls(UpdateSecretVersionStageCommand);
    expect(move?.args[0].input).toEqual({
      SecretId,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: 'v2',
      RemoveFromVersionId: 'v0',
    });
  });

  it('leaves every other value and their order', async () => {
    await store.replace(change, patience);
    const text = '{"OTHER":"stays","TOKEN":"new","ALSO":"stays, too"}';
    expect(aws.commandCalls(PutSecretValueCommand)[0]?.args[0].input.SecretString).toBe(text);
  });

  it('is merged with what somebody else has changed meanwhile', async () => {
    givenEntry({ TOKEN: 'old', OTHER: '1' }, { TOKEN: 'old', OTHER: '2' });
    aws.on(UpdateSecretVersionStageCommand).rejectsOnce(moved).resolves({});
    expect(await store.replace(change, patience)).toBe('written');
    expect(written()).toEqual([
      { TOKEN: 'new', OTHER: '1' },
      { TOKEN: 'new', OTHER: '2' },
    ]);
  });

  it.each([
    ['another value', { TOKEN: 'theirs' }],
    ['nothing', {}],
    ['what is no object of texts', { TOKEN: 7 }],
  ])('gives way to %s that somebody else has written', async (_, theirs) => {
    givenEntry({ TOKEN: 'old' }, theirs);
    aws.on(UpdateSecretVersionStageCommand).rejectsOnce(moved);
    expect(await store.replace(change, patience)).toBe('superseded');
    expect(written()).toHaveLength(1);
  });

  it('has been made where the answer to it was lost', async () => {
    givenEntry({ TOKEN: 'old' }, { TOKEN: 'new' });
    aws
      .on(UpdateSecretVersionStageCommand)
      .rejectsOnce(new Error('socket hang up'))
      .rejectsOnce(moved);
    expect(await store.replace(change, patience)).toBe('written');
    expect(written()).toHaveLength(1);
  });

  it('makes no entry again that waits for its deletion', async () => {
    aws.on(GetSecretValueCommand).rejects(new InvalidRequestException(about));
    expect(await store.replace(change, patience)).toBe('gone');
    expect(written()).toEqual([]);
  });

  it('ends where others never leave the entry alone', async () => {
    aws.on(UpdateSecretVersionStageCommand).rejects(moved);
    await expect(store.replace(change, patience)).rejects.toThrow('changed by others 20 times');
  });
});

describe('faults', () => {
  const trouble = [
    throttled,
    unavailable,
    throttled,
    unavailable,
    throttled,
    unavailable,
    throttled,
  ];

  it.each(['reading', 'writing', 'moving the label'])(
    'that pass are waited for: %s',
    async (what) => {
      const [reads, writes, moves] = [
        aws.on(GetSecretValueCommand),
        aws.on(PutSecretValueCommand),
        aws.on(UpdateSecretVersionStageCommand),
      ];
      for (const fault of trouble) {
        if (what === 'reading') reads.rejectsOnce(fault);
        else (what === 'writing' ? writes : moves).rejectsOnce(fault);
      }
      reads.resolves({ SecretString: '{"TOKEN":"old"}', VersionId: 'v0' });
      writes.resolves({ VersionId: 'v2' });
      moves.resolves({});
      expect(await store.replace(change, patience)).toBe('written');
      expect(now).toBeGreaterThan(10_000);
    },
  );

  it('repeat a version under one id, so that it is written once', async () => {
    aws.on(PutSecretValueCommand).rejectsOnce(throttled).resolves({ VersionId: 'v2' });
    await store.replace(change, patience);
    const ids = aws
      .commandCalls(PutSecretValueCommand)
      .map(({ args: [{ input }] }) => input.ClientRequestToken);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it('that do not pass in time are thrown', async () => {
    aws.on(PutSecretValueCommand).rejects(throttled);
    await expect(store.replace(change, patience)).rejects.toBe(throttled);
    expect(now).toBeGreaterThan(50_000);
    expect(now).toBeLessThanOrEqual(60_000);
  });

  it('that no waiting mends are thrown at once', async () => {
    const denied = new DecryptionFailure(about);
    aws.on(PutSecretValueCommand).rejects(denied);
    await expect(store.replace(change, patience)).rejects.toBe(denied);
    expect(now).toBe(0);
  });
});
