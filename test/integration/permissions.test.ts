/**
 * Least privilege, proven on a real deployment: a proxy writes down every request that the functions
 * and their rclone make while they go through all their work, and each is judged by the policies of
 * the deployed template. The emulator itself enforces none.
 */
import {
  GetFunctionConfigurationCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stackName } from '../../infra/deployment.ts';
import { account, region } from '../../local/emulator.ts';
import type { Need } from '../../local/iam-actions.ts';
import { root } from '../../local/paths.ts';
import { startRcloneServer } from '../../local/rclone-server.ts';
import {
  type RecordedCall,
  type RecordingProxy,
  startRecordingProxy,
} from '../../local/recording-proxy.ts';
import { deployment, mailboxAgent, output, startWorld, type World } from '../../local/world.ts';
import {
  type DeployedPolicies,
  deployedPolicies,
  type FunctionRole,
  type PolicyStatement,
} from '../fixtures/deployed-policies.ts';
import { evaluate } from '../fixtures/evaluate.ts';
import { exerciseEverything, operatorsBucket } from '../fixtures/exercise.ts';
import { type Excuse, excuses, grantsOf, usageReport, usesOf } from '../fixtures/grants.ts';

const titles = ['Sync', 'Drain', 'Notify'] as const;
type Title = (typeof titles)[number];
const titleOf = { sync: 'Sync', drain: 'Drain', notify: 'Notify' } as const;

let world: World;
let proxy: RecordingProxy;
let policies: DeployedPolicies;
const cleanUps: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const remoteWorkspace = await mkdtemp(join(tmpdir(), 'workspace-sync-far-'));
  cleanUps.push(() => rm(remoteWorkspace, { recursive: true, force: true }));
  const far = await startRcloneServer({ protocol: 'webdav', folder: remoteWorkspace });
  cleanUps.push(far.stop);
  world = await startWorld({
    configure: (places) => ({
      deployment,
      agents: {
        main: mailboxAgent(places),
        team: { sync: { ...inOperatorsBucket('team/files'), maxDropBytes: 1000 } },
        far: {
          workspace: {
            kind: 'remote',
            rcloneType: 'webdav',
            rcloneOptions: { url: far.url, vendor: 'other', bearer_token: '${WORKSPACE_TOKEN}' },
          },
          sync: { ...inOperatorsBucket('team/far'), trash: false },
        },
      },
    }),
    env: async (emulatorUrl) => {
      proxy = await startRecordingProxy(emulatorUrl, { region, account });
      cleanUps.push(proxy.stop);
      return proxy.env;
    },
  });
  cleanUps.push(() => world.stop());
  await world.s3.send(new CreateBucketCommand({ Bucket: operatorsBucket }));
  await storeSecret('far', 'workspace', { WORKSPACE_TOKEN: 'far-away' });
  await sendQueueRequestsThroughProxy();
  policies = await deployedPolicies(world.emulator, stackName(deployment));
  await exerciseEverything({
    world,
    remoteWorkspace,
    hasCalled: (job, action) => needsOf(titleOf[job]).some((need) => need.action === action),
  });
}, 180_000);

afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

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

async function storeSecret(agent: string, scope: string, values: object): Promise<void> {
  const client = new SecretsManagerClient(world.emulator.client);
  const Name = `workspace-sync/${deployment}/${agent}/${scope}`;
  await client.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(values) }));
  client.destroy();
}

/** For SQS the SDK calls the host in a queue's URL, whatever the endpoint is. */
async function sendQueueRequestsThroughProxy(): Promise<void> {
  const queueHost = new RegExp(`^http://[^/]+:${new URL(world.emulator.url).port}(?=/)`);
  for (const title of titles) {
    const FunctionName = output(world.outputs, `${title}FunctionName`);
    const { Environment } = await world.lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName }),
    );
    const Variables = Object.fromEntries(
      Object.entries(Environment?.Variables ?? {}).map(([name, value]) => [
        name,
        value.replace(queueHost, proxy.url),
      ]),
    );
    await world.lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }),
    );
  }
}

function roleOf(title: Title): FunctionRole {
  const role = policies.roles.find((candidate) => candidate.title.endsWith(title));
  if (!role) throw new Error(`There is no function ${title}.`);
  return role;
}

/** Each permission that a function has needed, once. */
function needsOf(title: Title): Need[] {
  const { functionName } = roleOf(title);
  const needs = proxy.calls
    .filter((call) => call.caller === functionName)
    .flatMap((call) => call.needs ?? []);
  return [...new Map(needs.map((need) => [JSON.stringify(need), need])).values()];
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
  { action: 's3:AbortMultipartUpload', why: 'Only after an upload that broke off.' },
];

describe('what the functions ask of AWS', () => {
  it('is all written down and understood, with the function that asked', () => {
    const strange = ({ caller, needs }: RecordedCall): boolean => !caller || !needs;
    expect(proxy.calls.filter(strange)).toEqual([]);
    for (const title of titles) expect(needsOf(title).length).toBeGreaterThan(5);
  });

  it.each(titles)('is allowed to the role of %s', async (title) => {
    expect(await denied(needsOf(title), roleOf(title).statements)).toEqual([]);
  });

  it('would be denied without the statement that allows it', async () => {
    const { statements } = roleOf('Drain');
    const others = statements.filter(({ Action }) => !Action.includes('s3:DeleteObjectVersion'));
    expect(others).toHaveLength(statements.length - 1);
    expect(await denied(needsOf('Drain'), others)).toContainEqual(
      expect.stringMatching(/^s3:DeleteObjectVersion on .*\/main\/_outbox\/small\.txt: Implicitly/),
    );
  });

  it('would be denied to another function', async () => {
    expect(await denied(needsOf('Drain'), roleOf('Sync').statements)).not.toEqual([]);
    expect(await denied(needsOf('Sync'), roleOf('Drain').statements)).not.toEqual([]);
    expect(await denied(needsOf('Notify'), roleOf('Drain').statements)).not.toEqual([]);
  });

  it('would be denied without TLS, by the buckets and queues themselves', async () => {
    const { statements } = roleOf('Drain');
    const guarded = needsOf('Drain').filter(({ resource }) =>
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

describe('what the roles grant', () => {
  it('is used, or explained', async () => {
    const usage = await Promise.all(
      titles.flatMap((title) =>
        grantsOf(roleOf(title)).map(async (grant) => ({
          grant,
          uses: await usesOf(grant, needsOf(title)),
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
