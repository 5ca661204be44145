import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DecryptionFailure,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { examine } from '../../../../cli/doctor/doctor.ts';
import { openExamination } from '../../../../cli/doctor/examination.ts';
import type { Finding } from '../../../../cli/doctor/finding.ts';
import { insideChecks } from '../../../../cli/doctor/inside.ts';
import { machineChecks } from '../../../../cli/doctor/machine.ts';
import { type Clock, systemClock } from '../../../../functions/shared/clock.ts';
import { credentialsOf } from '../../../../functions/shared/credentials/credential.ts';
import { customRemote } from '../../../../functions/shared/rclone/remote.ts';
import { takeLease } from '../../../../functions/shared/state/lease.ts';
import { MemoryObjectStore } from '../../../fixtures/memory-object-store.ts';
import { folderOfTest } from '../../../fixtures/temporary-folder.ts';
import { givenShell } from '../shell.ts';
import { general, givenStacks } from '../stacks.ts';
import { rotatingRclone, type RotatingRclone } from './rotating-rclone.ts';

let folder: string;
let rclone: RotatingRclone;
let values: Record<string, string>;
let state: MemoryObjectStore;
/** What happens while rclone has a new token, and nobody has saved it yet. */
let meanwhile: () => void;
/** What the function List saw when it was asked. */
let seenFromLambda: { log: string[]; token: unknown; leases: unknown[] }[];

beforeEach(() => {
  folder = folderOfTest('workspace-sync-doctor');
  rclone = rotatingRclone(folder);
  values = { TOKEN: token('one') };
  state = new MemoryObjectStore();
  meanwhile = () => undefined;
  seenFromLambda = [];
  givenDeployment();
});

it('has saved the token that it got before the deployment is asked to use it', async () => {
  const findings = await examined({ main: box('TOKEN') });
  expect(findings).toMatchObject([{ state: 'ok' }, { state: 'ok' }]);
  expect(seenFromLambda).toEqual([
    { log: ['begins one', 'ends'], token: 'one+', leases: [{ released: true }] },
  ]);
});

it('lets agents that share a token use it after each other', async () => {
  const ben = { ...box('TOKEN'), credentialsOf: 'ann', remotePath: 'ben' };
  const findings = await examined({ ann: box('TOKEN'), ben });
  expect(findings.map(({ state: of }) => of)).toEqual(['ok', 'ok', 'ok', 'ok']);
  expect(refreshToken('TOKEN')).toBe('one++');
});

it('saves a token under its own name in an entry that agents share', async () => {
  values = { ANN_TOKEN: token('one'), BEN_TOKEN: token('two') };
  const ben = { ...box('BEN_TOKEN'), credentialsOf: 'ann', remotePath: 'ben' };
  await examined({ ann: box('ANN_TOKEN'), ben });
  expect(refreshToken('ANN_TOKEN')).toBe('one+');
  expect(refreshToken('BEN_TOKEN')).toBe('two+');
});

it('leaves a token alone that a run is refreshing', async () => {
  await givenRunThatRefreshes('TOKEN');
  const [found] = await examined({ main: box('TOKEN') });
  expect(found).toMatchObject({ state: 'unknown', about: 'main' });
  expect(found?.message).toContain('a-run-at-work');
  expect(rclone.log()).toEqual([]);
});

it('says that a token was not saved because somebody has set another one', async () => {
  meanwhile = () => (values['TOKEN'] = token('of a new login'));
  const [found] = await examined({ main: box('TOKEN') });
  expect(found).toMatchObject({ check: 'cloud-from-here', state: 'wrong', about: 'main' });
  expect(found?.message).toContain('the token TOKEN, and the new one was not saved');
  expect(refreshToken('TOKEN')).toBe('of a new login');
});

it('says that a token was not saved because that cannot be done, and does not quote it', async () => {
  meanwhile = () => {
    throw new DecryptionFailure({ message: `not with ${token('one+')}`, $metadata: {} });
  };
  const [found] = await examined({ main: box('TOKEN') });
  expect(found).toMatchObject({ state: 'wrong' });
  expect(found?.message).toContain('DecryptionFailure');
  expect(found?.message).not.toContain('one+');
});

/** An access token that has ended. */
function token(refresh: string): string {
  return JSON.stringify({
    access_token: 'x',
    refresh_token: refresh,
    expiry: '2020-01-01T00:00:00Z',
  });
}

function refreshToken(reference: string): unknown {
  return (JSON.parse(values[reference] ?? '{}') as { refresh_token?: string }).refresh_token;
}

/** A block `sync` whose folder is opened by an OAuth token. */
function box(reference: string): object {
  const custom = { rcloneType: 'box', rcloneOptions: { token: `\${${reference}}` } };
  return { provider: 'custom', mode: 'mailbox', custom };
}

function givenDeployment(): void {
  givenStacks({
    'WorkspaceSync-default': {
      Agents: 'main,ann,ben',
      StateBucketName: 'state',
      ListFunctionName: 'list',
    },
  });
  const secrets = mockClient(SecretsManagerClient);
  let staged = '';
  secrets.on(GetSecretValueCommand).callsFake(() => {
    if (rclone.log().length > 0) meanwhile();
    return { SecretString: JSON.stringify(values), VersionId: 'v1' };
  });
  secrets.on(PutSecretValueCommand).callsFake(({ SecretString }: { SecretString: string }) => {
    staged = SecretString;
    return { VersionId: 'v2' };
  });
  secrets.on(UpdateSecretVersionStageCommand).callsFake(() => {
    values = JSON.parse(staged) as Record<string, string>;
    return {};
  });
  const s3 = mockClient(S3Client);
  s3.on(GetObjectCommand).callsFake(async ({ Key }: { Key: string }) => {
    const found = await state.get(Key);
    if (!found) throw new NoSuchKey({ message: 'none', $metadata: {} });
    return { Body: { transformToByteArray: () => found.body }, ETag: found.etag };
  });
  s3.on(PutObjectCommand).callsFake(async (input: PutInput) => {
    const { Key, Body, IfMatch } = input;
    const outcome = await state.put(Key, Body, IfMatch ? { ifMatch: IfMatch } : { ifAbsent: true });
    return outcome.written ? { ETag: outcome.etag } : Promise.reject(new Error('412'));
  });
  mockClient(LambdaClient)
    .on(InvokeCommand)
    .callsFake(() => {
      const leases = [...state.objects.keys()].map((key) => {
        const { released } = JSON.parse(state.text(key) ?? '{}') as { released: boolean };
        return { released };
      });
      seenFromLambda.push({ log: rclone.log(), token: refreshToken('TOKEN'), leases });
      return { Payload: Buffer.from(JSON.stringify({ state: 'succeeded', warnings: [] })) };
    });
}

/** A clock on which pauses of a second are over at once. */
function quickClock(): Clock {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    sleep: (milliseconds, signal) => {
      if (milliseconds > 1_000) return systemClock.sleep(milliseconds, signal);
      ahead += milliseconds;
      return Promise.resolve();
    },
  };
}

interface PutInput {
  Key: string;
  Body: string;
  IfMatch?: string;
}

async function givenRunThatRefreshes(reference: string): Promise<void> {
  const tokenSource = { agent: 'main', scope: 'sync' as const, reference };
  const options = { token: values[reference] ?? '' };
  const remote = customRemote('cloud', '', { rcloneType: 'box', rcloneOptions: options });
  const [credential] = credentialsOf('default', [{ ...remote, tokenSource }]);
  await takeLease(state, systemClock, {
    scope: credential?.scope ?? '',
    runId: 'a-run-at-work',
    leg: 1,
    deadline: Date.now() + 600_000,
  });
}

/** What the two checks of cloud folders find: first from here, then from the deployment. */
async function examined(agents: Record<string, object>): Promise<Finding[]> {
  const config = join(folder, 'workspace-sync.json');
  const blocks = Object.entries(agents).map(([name, sync]) => [name, { sync }]);
  writeFileSync(
    config,
    JSON.stringify({ deployment: 'default', agents: Object.fromEntries(blocks) as object }),
  );
  const shell = { ...givenShell({ RCLONE_BINARY: rclone.binary }).shell, clock: quickClock() };
  const checks = [...machineChecks(), ...insideChecks()].filter(({ name }) =>
    name.startsWith('cloud-from'),
  );
  return examine(openExamination(shell, { ...general, config }), checks);
}
