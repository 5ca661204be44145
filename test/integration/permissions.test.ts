/**
 * Least privilege, proven on a real deployment: a proxy writes down every request that the functions
 * and their rclone make while they go through all their work, and each is judged by the policies of
 * the deployed template. The emulator itself enforces none.
 */
import { KMS } from '@aws-crypto/kms-keyring-node';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FunctionName, functionNames } from '../../infra/constructs/job-function.ts';
import { stackName } from '../../infra/deployment.ts';
import { account, region, type Emulator } from '../../local/emulator.ts';
import type { Need } from '../../local/iam-actions.ts';
import { root } from '../../local/paths.ts';
import { startRcloneServer } from '../../local/rclone-server.ts';
import {
  type RecordedCall,
  type RecordingProxy,
  startRecordingProxy,
} from '../../local/recording-proxy.ts';
import {
  deployment,
  mailboxAgent,
  type Places,
  snapshotsOfOwn,
  startWorld,
  type World,
} from '../../local/world.ts';
import {
  type DeployedPolicies,
  deployedPolicies,
  type FunctionRole,
  type PolicyStatement,
} from '../fixtures/deployed-policies.ts';
import { type Decision, evaluate } from '../fixtures/evaluate.ts';
import { exerciseModes } from '../fixtures/exercise-modes.ts';
import { exerciseSnapshots, teamSnapshots } from '../fixtures/exercise-snapshots.ts';
import { exerciseEverything, operatorsBucket } from '../fixtures/exercise.ts';
import { changeEnvironment } from '../fixtures/function-environment.ts';
import {
  type Excuse,
  excuses,
  type Grant,
  grantsOf,
  usageReport,
  usesOf,
} from '../fixtures/grants.ts';
import { synthesize } from './world-assembly.ts';

/** The functions that talk to queues. */
const askQueues = ['sync', 'drain', 'notify', 'status'] as const;

let world: World;
let proxy: RecordingProxy;
let policies: DeployedPolicies;
const cleanUps: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const remoteWorkspace = await givenFolder();
  const far = await startRcloneServer({ protocol: 'webdav', folder: remoteWorkspace });
  cleanUps.push(far.stop);
  const vaultFolder = await givenFolder();
  const vault = await startRcloneServer({ protocol: 'webdav', folder: vaultFolder });
  cleanUps.push(vault.stop);
  const urls = { far: far.url, vault: vault.url };
  let kmsKeyArn = '';
  world = await startWorld({
    synthesize,
    configure: async (places, emulator) => {
      kmsKeyArn = await givenKmsKey(emulator);
      return { deployment, agents: agentsIn(places, urls, { kmsKeyArn }) };
    },
    env: async (emulatorUrl) => {
      proxy = await startRecordingProxy(emulatorUrl, { region, account });
      cleanUps.push(proxy.stop);
      return proxy.env;
    },
  });
  cleanUps.push(() => world.stop());
  await world.s3.send(new CreateBucketCommand({ Bucket: operatorsBucket }));
  await storeSecret('far', 'workspace', { WORKSPACE_TOKEN: 'far-away' });
  await storeSecret('far', 'backup', { VAULT_TOKEN: 'far-away, too' });
  await sendQueueRequestsThroughProxy();
  policies = await deployedPolicies(world.emulator, stackName(deployment));
  policies.onResources.set(kmsKeyArn, [everybodyWithARole]);
  await exerciseEverything({
    world,
    remoteWorkspace,
    hasCalled: (name, action) => needsOf(name).some((need) => need.action === action),
  });
  await exerciseModes({ world, remoteWorkspace });
  await exerciseSnapshots({ world, proxy, remoteWorkspace, vault: vaultFolder });
  await tellEverybody();
}, 900_000);

afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

/** The status of all, into every workspace; and one run that is asked for twice. */
async function tellEverybody(): Promise<void> {
  const { error, payload } = await world.invoke('status', { refresh: true });
  expect(error, JSON.stringify(payload)).toBe(false);
  const request = { agent: 'down', runId: '20261122T101500Z-0a1b2c3d' };
  await world.invoke('sync', request);
  const again = await world.invoke('sync', request);
  expect(again.payload).toMatchObject({ reason: { code: 'run-is-over' } });
}

async function givenFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'workspace-sync-far-'));
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Agents that differ in where their files, cloud folders and snapshots lie: see the exercises. */
function agentsIn(
  places: Places,
  urls: Record<'far' | 'vault', string>,
  kms: { kmsKeyArn: string },
): Record<string, object> {
  const webdav = (url: string, token: string): object => ({
    rcloneType: 'webdav',
    rcloneOptions: { url, vendor: 'other', bearer_token: token },
  });
  const { passphrase } = snapshotsOfOwn;
  const backup = { enabled: true, encrypt: true, retain: 1, passphrase };
  return {
    main: {
      ...mailboxAgent(places),
      backup: { ...backup, provider: 's3' },
    },
    plain: { backup: { enabled: true } },
    team: {
      sync: { ...inOperatorsBucket('team/files'), maxDropBytes: 1000 },
      backup: {
        enabled: true,
        provider: 's3',
        bucket: operatorsBucket,
        prefix: teamSnapshots,
        retain: 1,
        encrypt: true,
        ...kms,
      },
    },
    far: {
      workspace: { kind: 'remote', ...webdav(urls.far, '${WORKSPACE_TOKEN}') },
      sync: { ...inOperatorsBucket('team/far'), trash: false },
      backup: {
        ...backup,
        provider: 'custom',
        remotePath: 'far',
        custom: webdav(urls.vault, '${VAULT_TOKEN}'),
      },
    },
    down: { sync: { ...inOperatorsBucket('team/down'), mode: 'mirror', ingest: true } },
    both: { sync: { ...inOperatorsBucket('team/both'), mode: 'bisync' } },
    kin: {
      sync: {
        provider: 'custom',
        mode: 'mailbox',
        remotePath: 'kin',
        custom: webdav(urls.vault, '${CLOUD_PASSWORD}'),
      },
      backup: { ...backup, ...kms },
    },
  };
}

/** A cloud folder in a bucket of the same account: reached by the role, for there are no keys. */
function inOperatorsBucket(remotePath: string): Record<string, unknown> {
  return {
    provider: 's3',
    mode: 'mailbox',
    remotePath,
    localPath: '/',
    settle: 0,
    s3: { bucket: operatorsBucket, region },
  };
}

/** The account of the emulator begins without keys, and a configuration has to name one. */
async function givenKmsKey(emulator: Emulator): Promise<string> {
  const kms = new KMS(emulator.client);
  const { KeyMetadata } = await kms.createKey({});
  kms.destroy();
  return KeyMetadata?.Arn ?? '';
}

/** The policy that KMS gives to a key: it leaves the decision to the policies of roles. */
const everybodyWithARole: PolicyStatement = {
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${account}:root` },
  Action: ['kms:*'],
  Resource: ['*'],
  names: ['*'],
};

async function storeSecret(agent: string, scope: string, values: object): Promise<void> {
  const client = new SecretsManagerClient(world.emulator.client);
  const Name = `workspace-sync/${deployment}/${agent}/${scope}`;
  await client.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(values) }));
  client.destroy();
}

/** For SQS the SDK calls the host in a queue's URL, whatever the endpoint is. */
async function sendQueueRequestsThroughProxy(): Promise<void> {
  const queueHost = new RegExp(`^http://[^/]+:${new URL(world.emulator.url).port}(?=/)`);
  for (const name of askQueues) {
    await changeEnvironment(world, name, (env) =>
      Object.fromEntries(
        Object.entries(env).map(([key, value]) => [key, value.replace(queueHost, proxy.url)]),
      ),
    );
  }
}

function roleOf(name: FunctionName): FunctionRole {
  const role = policies.roles.find(({ title }) => title.toLowerCase().endsWith(name));
  if (!role) throw new Error(`There is no function ${name}.`);
  return role;
}

/** What each function has needed, once, of so many of the calls that were written down. */
const needed = { calls: 0, by: new Map<string, Map<string, Need>>() };

/** Each permission that a function has needed, once. */
function needsOf(name: FunctionName): Need[] {
  for (const { caller = '', needs = [] } of proxy.calls.slice(needed.calls)) {
    const known = needed.by.get(caller) ?? new Map<string, Need>();
    for (const need of needs) known.set(JSON.stringify(need), need);
    needed.by.set(caller, known);
  }
  needed.calls = proxy.calls.length;
  return [...(needed.by.get(roleOf(name).functionName)?.values() ?? [])];
}

/** What a role with these statements may not do of what was done. */
async function denied(needs: Need[], statements: readonly PolicyStatement[]): Promise<string[]> {
  const judged = await Promise.all(
    needs.map(async (need) => {
      const decision = await evaluate(statements, need, policies.onResources);
      return { decision, what: `${need.action} on ${need.resource}: ${decision}` };
    }),
  );
  return judged.filter(({ decision }) => decision !== 'Allowed').map(({ what }) => what);
}

/** What a role may do about something that nobody has done. */
function judge(
  name: FunctionName,
  action: string,
  resource: string,
  context = {},
): Promise<Decision> {
  return evaluate(roleOf(name).statements, { action, resource, context }, policies.onResources);
}

/** An object that a function has asked for, by its name. */
function seen(pattern: RegExp): string {
  const all = proxy.calls.flatMap(({ needs }) => needs ?? []);
  const found = all.find(({ resource }) => pattern.test(resource));
  if (!found) throw new Error(`Nothing was asked about ${String(pattern)}.`);
  return found.resource;
}

/** What a role allows; what it forbids besides cannot be used. */
function allowancesOf(name: FunctionName): Grant[] {
  return grantsOf(roleOf(name)).filter(({ statement }) => statement.Effect === 'Allow');
}

/** Grants that no request of a function's code uses, and why they are needed. */
const unused: Excuse[] = [
  { action: 'logs:CreateLogStream', why: 'Lambda writes the logs itself, with the role.' },
  { action: 'logs:PutLogEvents', why: 'Lambda writes the logs itself, with the role.' },
  { action: 'sqs:ReceiveMessage', why: 'Lambda reads the queue itself, with the role.' },
  { action: 'sqs:DeleteMessage', why: 'Lambda reads the queue itself, with the role.' },
  { action: 'sqs:GetQueueAttributes', why: 'Lambda reads the queue itself, with the role.' },
  {
    action: 'sqs:SendMessage',
    name: '<AgentsDeadRequests.Arn>',
    why: 'Lambda itself puts an invocation there that ended in an error.',
  },
  {
    action: 's3:GetObject',
    name: /\/history\/\*$/,
    why: 'Only for a request that gives its run an id, to see whether it has come before.',
  },
  {
    action: 's3:PutObject',
    name: /\/running\/\*$/,
    why: 'Only by a run that lasts for some seconds.',
  },
  { action: 's3:AbortMultipartUpload', why: 'Only after an upload that broke off.' },
  {
    action: 's3:GetObjectVersion',
    name: /^<BucketsWorkspace\.Arn>/,
    why: 'Only to go on with a file that was replaced after a connection to it broke.',
  },
  {
    action: 's3:PutObject',
    name: /\/snapshots\/team\/backup-\*\.(tar|files)\.zst$/,
    why: 'Its snapshots are encrypted: it is for the day when somebody switches that off.',
  },
  ...['s3:GetObject', 's3:PutObject', 's3:DeleteObject'].map((action) => ({
    action,
    name: /\/team\/(both|down)\/\.restored\/\*$/,
    why: 'They have no snapshots; others are restored in the same way.',
  })),
];

/** What is asked in vain, and why it is not granted all the same. */
const refused = [
  {
    name: 'restore',
    action: 's3:GetBucketVersioning',
    why: 'rclone asks before it empties a folder. Where it may not know, it deletes as everybody does; where it knew of versions, it would delete those, too.',
  },
];

describe('what the functions ask of AWS', () => {
  it('is all written down and understood, with the function that asked', () => {
    const strange = ({ caller, needs }: RecordedCall): boolean => !caller || !needs;
    expect(proxy.calls.filter(strange)).toEqual([]);
    for (const name of functionNames) expect(needsOf(name).length, name).toBeGreaterThan(5);
  });

  it.each(functionNames)('is allowed to the role of %s, or refused for a reason', async (name) => {
    const inVain = refused.filter((one) => one.name === name).map(({ action }) => action);
    const wanted = needsOf(name).filter(({ action }) => !inVain.includes(action));
    expect(await denied(wanted, roleOf(name).statements)).toEqual([]);
    for (const action of inVain) {
      const asked = needsOf(name).filter((need) => need.action === action);
      expect(await denied(asked, roleOf(name).statements)).toHaveLength(asked.length);
      expect(asked, `Nobody asks for ${action} any more`).not.toEqual([]);
    }
  });

  it('would be denied without the statement that allows it', async () => {
    const { statements } = roleOf('drain');
    const others = statements.filter(({ Action }) => !Action.includes('s3:DeleteObjectVersion'));
    expect(others).toHaveLength(statements.length - 1);
    expect(await denied(needsOf('drain'), others)).toContainEqual(
      expect.stringMatching(/^s3:DeleteObjectVersion on .*\/main\/_outbox\/small\.txt: Implicitly/),
    );
  });

  it('would be denied to another function', async () => {
    expect(await denied(needsOf('drain'), roleOf('sync').statements)).not.toEqual([]);
    expect(await denied(needsOf('sync'), roleOf('drain').statements)).not.toEqual([]);
    expect(await denied(needsOf('notify'), roleOf('drain').statements)).not.toEqual([]);
  });

  it('would be denied without TLS, by the buckets and queues themselves', async () => {
    const { statements } = roleOf('drain');
    const guarded = needsOf('drain').filter(({ resource }) =>
      [...policies.onResources.keys()].some((arn) => resource.startsWith(arn)),
    );
    expect(guarded.length).toBeGreaterThan(10);
    for (const need of guarded) {
      const plain = { 'aws:SecureTransport': 'false' };
      const decision = await evaluate(statements, need, policies.onResources, plain);
      expect(decision, `${need.action} on ${need.resource}`).toBe('ExplicitlyDenied');
    }
  });
});

describe('who takes a function over', () => {
  const inBothBuckets = [/:workspacesync.*\/main\/backup-/, /:the-team\/snapshots\/team\/backup-/];
  const others = (...but: FunctionName[]): FunctionName[] =>
    functionNames.filter((name) => !but.includes(name));

  it.each(others('prune'))('cannot delete a snapshot with %s', async (name) => {
    for (const place of inBothBuckets) {
      for (const end of ['manifest\\.json$', 'tar\\.zst\\.enc$', 'verified-']) {
        const object = seen(new RegExp(place.source + '.*' + end));
        expect(await judge(name, 's3:DeleteObject', object), object).toBe('ImplicitlyDenied');
        expect(await judge('prune', 's3:DeleteObject', object), object).toBe('Allowed');
      }
    }
  });

  it.each(functionNames)('cannot undo with %s what keeps deleted snapshots', async (name) => {
    for (const place of inBothBuckets) {
      const object = seen(place);
      const bucket = object.replace(/\/.*/, '');
      for (const action of [
        's3:DeleteObjectVersion',
        's3:PutObjectRetention',
        's3:PutObjectLegalHold',
        's3:BypassGovernanceRetention',
      ]) {
        expect(await judge(name, action, object), action).toBe('ImplicitlyDenied');
      }
      for (const action of [
        's3:PutBucketPolicy',
        's3:PutLifecycleConfiguration',
        's3:PutBucketVersioning',
        's3:DeleteBucket',
      ]) {
        expect(await judge(name, action, bucket), action).toBe('ImplicitlyDenied');
      }
    }
  });

  it('cannot delete what lies in an inbox with sync, which deletes beside it', async () => {
    const beside = seen(/\/down\/workspace\/deep\/deleted\.md$/);
    expect(await judge('sync', 's3:DeleteObject', beside)).toBe('Allowed');
    const inbox = beside.replace('deep/deleted.md', '_inbox/unread.md');
    expect(await judge('sync', 's3:DeleteObject', inbox)).toBe('ExplicitlyDenied');
    expect(await judge('sync', 's3:PutObject', inbox)).toBe('Allowed');
  });

  it('cannot write over a snapshot, whatever the role allows', async () => {
    const manifest = seen(/\/main\/backup-.*\.manifest\.json$/);
    const making = { 's3:ObjectCreationOperation': 'true' };
    const unlessTaken = { ...making, 's3:if-none-match': '*' };
    const write = (context: object): Promise<Decision> =>
      judge('backup', 's3:PutObject', manifest, context);
    expect(await write(making)).toBe('ExplicitlyDenied');
    expect(await write(unlessTaken)).toBe('Allowed');
    const part = { 's3:ObjectCreationOperation': 'false' };
    const archive = seen(/\/main\/backup-.*\.tar\.zst\.enc$/);
    expect(await judge('backup', 's3:PutObject', archive, part)).toBe('Allowed');
  });

  it.each(others('backup', 'verify', 'restore'))(
    'cannot read a passphrase with %s',
    async (name) => {
      const secret = seen(/secret:workspace-sync\/local\/main\/passphrase-/);
      const read = 'secretsmanager:GetSecretValue';
      expect(await judge(name, read, secret)).toBe('ImplicitlyDenied');
      expect(await judge('restore', read, secret)).toBe('Allowed');
    },
  );

  it.each([
    ['backup', 's3:GetObject', /\/main\/backup-.*\.tar\.zst\.enc$/],
    ['backup', 's3:PutObject', /\/main\/workspace\//],
    ['backup', 'kms:Decrypt', /:key\//],
    ['prune', 's3:GetObject', /\/main\/backup-.*\.tar\.zst\.enc$/],
    ['prune', 's3:GetObject', /\/main\/workspace\//],
    ['prune', 'kms:Decrypt', /:key\//],
    ['verify', 's3:GetObject', /\/main\/workspace\//],
    ['verify', 's3:PutObject', /\/main\/backup-.*\.manifest\.json$/],
    ['verify', 'kms:GenerateDataKey', /:key\//],
    ['restore', 's3:PutObject', /\/main\/backup-.*\.manifest\.json$/],
    ['restore', 's3:DeleteObject', /\/main\/workspace\//],
    ['restore', 'kms:GenerateDataKey', /:key\//],
    ['list', 's3:GetObject', /\/main\/backup-.*\.tar\.zst\.enc$/],
    ['list', 'kms:Decrypt', /:key\//],
    ['sync', 's3:GetObject', /\/main\/backup-/],
  ] as const)('cannot with %s do %s on %s', async (name, action, pattern) => {
    const unlessTaken = { 's3:ObjectCreationOperation': 'true', 's3:if-none-match': '*' };
    const context = action === 's3:PutObject' ? unlessTaken : {};
    expect(await judge(name, action, seen(pattern), context)).toBe('ImplicitlyDenied');
  });
});

describe('what the roles grant', () => {
  it('is used, or explained', async () => {
    const usage = await Promise.all(
      functionNames.flatMap((name) =>
        allowancesOf(name).map(async (grant) => ({
          grant,
          uses: await usesOf(grant, needsOf(name), policies.onResources),
          excuse: unused.find((excuse) => excuses(excuse, grant)),
        })),
      ),
    );
    const file = join(root, 'build', 'permissions-report.md');
    await mkdir(join(root, 'build'), { recursive: true });
    await writeFile(file, usageReport(usage));

    const needless = usage.filter(({ uses, excuse }) => uses === 0 && excuse === undefined);
    const named = needless.map(({ grant: { role, action, name } }) => `${role} ${action} ${name}`);
    expect(named, `Nothing has used these grants; see ${file}`).toEqual([]);
    for (const excuse of unused) {
      const about = usage.filter((each) => each.excuse === excuse && each.uses === 0);
      expect(about, `Nothing needs this explanation: ${JSON.stringify(excuse)}`).not.toEqual([]);
    }
  });
});
