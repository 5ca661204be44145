import { execFileSync } from 'node:child_process';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { agentSchema, type AgentConfig } from '../../../functions/shared/config/agent.ts';
import type { JobReport } from '../../../functions/shared/contract/index.ts';
import { listCloudFolder } from '../../../functions/shared/jobs/list-cloud-folder.ts';
import { startRcloneServer, type RcloneServer } from '../../../local/rclone-server.ts';
import { rcloneBinary } from '../../fixtures/rclone.ts';
import { RcloneWorld } from '../../fixtures/rclone-world.ts';
import { RunWorld } from '../runtime/world.ts';

const login = { user: 'human', password: 'correct horse' };

let world: RcloneWorld;
let server: RcloneServer;
beforeAll(async () => {
  world = new RcloneWorld();
  server = await startRcloneServer({ protocol: 'webdav', folder: world.cloudFolder, login });
});
afterAll(async () => {
  await server.stop();
  world.remove();
});
beforeEach(() => {
  world.reset();
});

function givenAgent(sync: object = {}): AgentConfig {
  return agentSchema.parse({
    name: 'main',
    workspace: { kind: 's3' },
    sync: {
      provider: 'custom',
      mode: 'mailbox',
      remotePath: '',
      custom: {
        rcloneType: 'webdav',
        rcloneOptions: {
          url: server.url,
          vendor: 'other',
          user: login.user,
          pass: '${CLOUD_PASSWORD}',
        },
      },
      ...sync,
    },
    backup: {},
  });
}

const S3_SECRET = 'a secret access key';

/** The folder that is served, as S3 with a bucket for each folder in it. */
async function givenS3(): Promise<AsyncDisposable & { url: string }> {
  const keys = { accessKeyId: 'key', secretAccessKey: S3_SECRET };
  const s3 = await startRcloneServer({ protocol: 's3', folder: world.cloudFolder, keys });
  return { url: s3.url, [Symbol.asyncDispose]: s3.stop };
}

/** Lists with the real rclone, for an operator whose secret holds this password. */
async function list(agent: AgentConfig, password = login.password): Promise<JobReport> {
  const runs = new RunWorld();
  const CLOUD_PASSWORD = execFileSync(rcloneBinary(), ['obscure', password]).toString().trim();
  runs.secrets
    .on(GetSecretValueCommand)
    .resolves({ SecretString: JSON.stringify({ CLOUD_PASSWORD, S3_SECRET }) });
  const report = await runs.run(
    (context) => {
      const { runtime } = context;
      const env = { ...runtime.env, RCLONE_BINARY: rcloneBinary() };
      const real = { ...runtime, env, temporaryFolder: world.temporary };
      return listCloudFolder({ ...context, runtime: real }, agent);
    },
    { job: 'list', of: 'cloud' },
  );
  expect(runs.log.join()).not.toContain(CLOUD_PASSWORD);
  return report;
}

describe('the list of a cloud folder', () => {
  it('names every file with its size and time, whether a sync would carry it or not', async () => {
    const files = { 'cloud/b.txt': 'bb', 'cloud/a/deep/c.txt': '', 'cloud/x.log': 'log' };
    world.write({ ...files, 'cloud/_outbox/drop é.pdf': 'PDF' });
    const before = world.read('cloud');

    const report = await list(givenAgent({ exclude: ['*.log'] }));

    expect(report.state).toBe('succeeded');
    expect(report.cloudFiles).toMatchObject({ files: 4, bytes: 8 });
    const named = report.cloudFiles?.named ?? [];
    expect(named.map(({ path, bytes }) => [path, bytes])).toEqual([
      ['_outbox/drop é.pdf', 3],
      ['a/deep/c.txt', 0],
      ['b.txt', 2],
      ['x.log', 3],
    ]);
    for (const { modified } of named) {
      expect(Math.abs(Date.now() - Date.parse(modified))).toBeLessThan(60_000);
    }
    expect(world.read('cloud')).toEqual(before);
  });

  it('names a thousand files and counts them all, the trash last', async () => {
    const paths = Array.from({ length: 1_100 }, (_, index) => `cloud/${index}.txt`);
    world.write(Object.fromEntries(paths.map((path) => [path, 'four'])));
    world.write({ 'cloud/.trash/2026-11-22/old.txt': 'old' });

    const report = await list(givenAgent());

    expect(report.cloudFiles).toMatchObject({ files: 1_101, bytes: 4_403 });
    expect(report.cloudFiles?.named).toHaveLength(1_000);
    expect(JSON.stringify(report)).not.toContain('.trash');
  });

  it('is that of remotePath, and of nothing beside it', async () => {
    world.write({ 'cloud/mine/a.txt': 'a', 'cloud/theirs/b.txt': 'b' });

    const report = await list(givenAgent({ remotePath: 'mine' }));

    expect(report.cloudFiles?.named.map(({ path }) => path)).toEqual(['a.txt']);
  });

  it('is empty where the folder does not exist, and says so', async () => {
    const report = await list(givenAgent({ remotePath: 'misspelt' }));

    expect(report).toMatchObject({
      state: 'succeeded',
      cloudFiles: { files: 0, bytes: 0, named: [] },
    });
    expect(report.warnings.join()).toContain('"misspelt" is not there');
    expect(world.read('cloud')).toEqual({});
  });

  it('of a bucket is that of its prefix, and says where there is nothing', async () => {
    world.write({ 'cloud/team/files/a.txt': 'a', 'cloud/team/other/b.txt': 'b' });
    await using bucket = await givenS3();
    const inBucket = (remotePath: string): AgentConfig => {
      const keys = { accessKeyId: 'key', secretAccessKey: '${S3_SECRET}' };
      return givenAgent({
        provider: 's3',
        remotePath,
        s3: { endpoint: bucket.url, bucket: 'team', ...keys },
      });
    };

    const files = await list(inBucket('files'));
    const nothing = await list(inBucket('misspelt'));

    expect(files.cloudFiles?.named).toMatchObject([{ path: 'a.txt', bytes: 1 }]);
    expect(files.warnings).toEqual([]);
    expect(nothing).toMatchObject({ state: 'succeeded', cloudFiles: { files: 0, named: [] } });
    expect(nothing.warnings.join()).toContain('Is sync.remotePath right?');
  });

  it('is not to be had without a provider', async () => {
    const report = await list(givenAgent({ provider: 'off' }));

    expect(report).toMatchObject({ state: 'skipped', reason: { code: 'off' } });
    expect(report.cloudFiles).toBeUndefined();
  });

  it('fails with wrong credentials, and never looks like an empty folder', async () => {
    world.write({ 'cloud/a.txt': 'a' });

    const report = await list(givenAgent(), 'wrong');

    expect(report).toMatchObject({ state: 'failed', reason: { code: 'rclone-unauthorized' } });
    expect(report.reason?.message).toContain('The cloud folder cannot be listed');
    expect(report.cloudFiles).toBeUndefined();
  });
});
