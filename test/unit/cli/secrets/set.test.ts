import {
  CreateSecretCommand,
  GetSecretValueCommand,
  InvalidParameterException,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exitCodes } from '../../../../cli/exit-codes.ts';
import { setSecrets, type SetOptions } from '../../../../cli/secrets/set.ts';
import { givenShell, type Written } from '../shell.ts';

const aws = mockClient(SecretsManagerClient);
const old = 'the only passphrase of a hundred snapshots';

let folder: string;
let config: string;
let value: string;
let shell: Written;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'workspace-sync-set-'));
  config = join(folder, 'workspace-sync.json');
  const backup = { enabled: true, provider: 's3', encrypt: true, passphrase: '${PASS}' };
  writeFileSync(config, JSON.stringify({ sync: { provider: 'off' }, backup }));
  value = join(folder, 'passphrase');
  writeFileSync(value, 'wagon staple battery horse correct');
  shell = givenShell(env);
});

afterEach(() => {
  aws.reset();
  rmSync(folder, { recursive: true, force: true });
});

function givenStored(values: Record<string, string>): void {
  const SecretString = JSON.stringify(values);
  aws.on(GetSecretValueCommand).resolves({ SecretString, VersionId: 'v1' });
  aws.on(PutSecretValueCommand).resolves({ VersionId: 'v2' });
  aws.on(CreateSecretCommand).resolves({});
  aws.onAnyCommand().resolves({});
  aws.on(GetSecretValueCommand).resolves({ SecretString, VersionId: 'v1' });
}

const env = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' };

function set(options: Partial<SetOptions>): Promise<number> {
  const general = { json: false, yes: false, local: false, config, region: 'us-east-1' };
  return setSecrets(shell.shell, 'PASS', { ...general, ...options });
}

const written = (): string =>
  JSON.stringify(aws.commandCalls(PutSecretValueCommand).map(({ args: [{ input }] }) => input));

describe('a passphrase that is stored already', () => {
  it.each([
    ['made', { generate: true }],
    ['made, whatever is answered with yes', { generate: true, yes: true }],
    ['read from a file', { fromFile: true, yes: true }],
    [
      'named by its entry',
      { generate: true, agent: 'main', scope: 'passphrase' as const, config: 'none.json' },
    ],
  ])('is not replaced by a script that does not say --replace: %s', async (_how, options) => {
    givenStored({ PASS: old });
    const { fromFile, ...others } = { fromFile: false, ...options };
    await expect(
      set({ ...others, ...(fromFile ? { fromFile: value } : {}) }),
    ).rejects.toMatchObject({
      exitCode: exitCodes.usage,
      message: expect.stringContaining('--replace') as string,
    });
    expect(shell.said.join('\n')).toMatch(/snapshots that exist open with that one alone/);
    expect(written()).toBe('[]');
    expect(shell.out).toEqual([]);
  });

  it('is replaced by who says so, and is told what that means', async () => {
    givenStored({ PASS: old });
    expect(await set({ generate: true, replace: true })).toBe(0);
    expect(written()).toContain(shell.out[0]);
    expect(shell.said.join('\n')).toMatch(/old passphrase has to be put back.*runbook/);
  });
});

describe('a passphrase that is made', () => {
  it('is stored without a question where there is none', async () => {
    givenStored({ OTHER: 'x' });
    expect(await set({ generate: true })).toBe(0);
    expect(shell.said.join('\n')).not.toContain('stored there already');
  });

  it('is a field of the one document that --json prints', async () => {
    givenStored({});
    expect(await set({ generate: true, json: true })).toBe(0);
    expect(shell.out).toHaveLength(1);
    const [only] = JSON.parse(shell.out[0] ?? '') as { passphrase: string }[];
    expect(only).toMatchObject({ reference: 'PASS', agent: 'main', scope: 'passphrase' });
    expect(only?.passphrase).toMatch(/^([a-z0-9]{5}-){5}[a-z0-9]{5}$/);
    expect(written()).toContain(only?.passphrase);
  });

  it('stands in no document where it was given', async () => {
    givenStored({});
    expect(await set({ fromFile: value, json: true })).toBe(0);
    expect(shell.out.join()).not.toContain('wagon');
  });
});

describe('a passphrase that is made', () => {
  it('is not shown where it could not be stored', async () => {
    givenStored({});
    const refused = { $fault: 'client' as const, $metadata: {}, message: 'no access' };
    aws.on(PutSecretValueCommand).rejects(new InvalidParameterException(refused));
    await expect(set({ generate: true })).rejects.toThrow('no access');
    expect(shell.out).toEqual([]);
  });

  it('is shown once it is stored', async () => {
    givenStored({});
    expect(await set({ generate: true })).toBe(exitCodes.ok);
    expect(shell.out).toHaveLength(1);
    expect(written()).toContain(shell.out.join());
  });
});

it.each([
  ['no-such-file', 'there is no such file'],
  ['', 'that is a folder'],
])('says what is wrong with a file that it is to read: %j', async (name, words) => {
  givenStored({});
  const error: unknown = await set({ fromFile: join(folder, name) }).catch(
    (caught: unknown) => caught,
  );
  expect(error).toMatchObject({ code: 'usage', exitCode: exitCodes.usage });
  expect(String(error)).toContain(words);
});
