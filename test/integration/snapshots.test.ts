import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { FunctionName } from '../../infra/constructs/job-function.ts';
import { account, region } from '../../local/emulator.ts';
import { startRecordingProxy, type RecordingProxy } from '../../local/recording-proxy.ts';
import { output, snapshotsOfOwn, type World } from '../../local/world.ts';
import { changeEnvironment } from '../fixtures/function-environment.ts';
import { givenAgents } from './mailbox-world.ts';
import { hashesOf, SnapshotAgent } from './snapshot-world.ts';

const off = { provider: 'off' };

/** Snapshots through a real deploy: each function is the deployed one. */
describe('snapshots of a deployment', () => {
  let world: World;
  /** What the functions ask of AWS. */
  let aws: RecordingProxy;
  beforeAll(async () => {
    const agents = {
      timed: { sync: off, backup: { ...snapshotsOfOwn, interval: 300 } },
      many: { sync: off, backup: snapshotsOfOwn },
      legs: { sync: off, backup: snapshotsOfOwn },
      few: { sync: off, backup: { ...snapshotsOfOwn, retain: 2 } },
      cloud: { backup: { enabled: true, encrypt: true, passphrase: '${BACKUP_PASSPHRASE}' } },
      plain: { sync: off, backup: { enabled: true, provider: 's3' } },
    };
    world = await givenAgents(agents, {
      env: async (url) => {
        aws = await startRecordingProxy(url, { region, account });
        return aws.env;
      },
    });
    await new SnapshotAgent(world, 'timed').given({ 'workspace/a.md': 'a' });
    await everyMinute(world, 'timed');
  });
  afterAll(async () => {
    await world.stop();
    await aws.stop();
  });

  it('give back 3,000 files byte for byte, to a prefix and to a folder', async () => {
    const agent = new SnapshotAgent(world, 'many');
    const files: Record<string, string | Buffer> = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, i) => [
        `workspace/folder ${i % 97}/file ${i}.txt`,
        `${i} `.repeat(800),
      ]),
    );
    files['workspace/large.bin'] = randomBytes(20 * 1024 * 1024 + 7);
    files['workspace/empty'] = '';
    files['workspace/odd é+%20\n"name".txt'] = 'odd';
    files['state/openclaw.json'] = '{"secret": true}';
    files['state/cron/jobs.json'] = '[]';
    await agent.given(files);

    const backup = await agent.run('backup');

    expect(backup).toMatchObject({ state: 'succeeded', filesStored: 3_005 });
    const { snapshots } = await agent.run('list');
    expect(snapshots).toMatchObject([{ id: backup.runId, files: 3_005, encrypted: true }]);
    const verified = await agent.run('verify');
    expect(verified).toMatchObject({ state: 'succeeded', filesVerified: 3_005 });
    expect((await agent.run('list')).snapshots?.[0]?.verified).toMatchObject({ passed: true });
    const restore = await agent.run('restore');
    expect(restore).toMatchObject({ state: 'succeeded', filesRestored: 3_005 });
    expect(await agent.restored(restore)).toEqual(hashesOf(files));
    expect(await recoveredByKit(agent)).toEqual(hashesOf(files));
  });

  it('are pruned after each backup, and never more than retention says', async () => {
    const agent = new SnapshotAgent(world, 'few');
    await agent.given({ 'workspace/a.md': 'a' });
    const foreign = 'backup-of-my-taxes.pdf';
    await world.put('snapshot', `few/${foreign}`, 'taxes');
    const ids: string[] = [];
    for (let round = 0; round < 4; round++) {
      const { runId } = await agent.run('backup');
      ids.push(runId);
      // The last word of retention on a deployment's own snapshot names it.
      await agent.expectReport(
        'prune',
        ({ trigger, retention }) =>
          trigger === 'backup' && retention?.some(({ id }) => id === runId) === true,
      );
    }

    expect((await agent.manifests()).sort()).toEqual(
      ids
        .slice(-2)
        .map((id) => `backup-${id}.manifest.json`)
        .sort(),
    );
    const stored = await agent.stored();
    expect(stored).toContain(foreign);
    expect(stored.filter((name) => name.startsWith(`backup-${ids[0] ?? ''}`))).toEqual([]);
    const dry = await agent.run('prune', { dryRun: true });
    expect(dry.retention?.every(({ reasons }) => reasons.length > 0)).toBe(true);
  });

  it('lie in the cloud that the agent is kept in step with, and leak no name there', async () => {
    const agent = new SnapshotAgent(world, 'cloud');
    const files = { 'workspace/secret plans/a.md': 'a', 'workspace/b.bin': randomBytes(9_000_000) };
    await agent.given(files);

    const backup = await agent.run('backup');

    expect(backup).toMatchObject({ state: 'succeeded', filesStored: 2 });
    const folder = join(world.cloud.folder, 'openclaw-backups');
    const names = readdirSync(folder);
    expect(names).toContain(`backup-${backup.runId}.manifest.json`);
    for (const name of names.filter((file) => file.startsWith('backup-'))) {
      expect(readFileSync(join(folder, name)).includes('secret plans')).toBe(false);
    }
    expect(await agent.run('verify')).toMatchObject({ state: 'succeeded', filesVerified: 2 });
    const restore = await agent.run('restore', { target: 'cloud' });
    expect(restore).toMatchObject({ state: 'succeeded', filesRestored: 2 });
    const restored = join(world.cloud.folder, 'cloud', '.restored', restore.runId);
    expect(folderHashes(restored)).toEqual(hashesOf(files));
    // The next push leaves it alone.
    await world.invoke('sync', { agent: 'cloud' });
    expect(folderHashes(restored)).toEqual(hashesOf(files));
  });

  it('that were damaged are found, recorded, and restore nothing', async () => {
    const agent = new SnapshotAgent(world, 'plain');
    await agent.given({ 'workspace/a.md': 'a '.repeat(5_000), 'workspace/b.md': 'b' });
    const { runId } = await agent.run('backup');
    const archive = (await agent.stored()).find((name) => name.endsWith('.tar.zst')) ?? '';
    await flipBit(world, `plain/${archive}`);

    const verified = await agent.run('verify');

    expect(verified).toMatchObject({ state: 'failed', reason: { code: 'snapshot-damaged' } });
    expect((await agent.run('list')).snapshots?.[0]?.verified).toMatchObject({ passed: false });
    const restore = await agent.run('restore', { snapshot: runId });
    expect(restore.state).toBe('failed');
    expect(await world.keys('workspace', 'plain/restored/')).toEqual([]);
  });

  it('are taken on schedule, and pruning follows', async () => {
    const agent = new SnapshotAgent(world, 'timed');

    // On a busy machine a minute may be over before the backup is: the next one then finds it at work.
    const report = await agent.expectReport(
      'backup',
      ({ trigger, state }) => trigger === 'schedule' && state !== 'skipped',
    );

    expect(report.state).toBe('succeeded');
    await agent.expectReport('prune', ({ trigger }) => trigger === 'backup');
  });

  it('take as many legs as they need, in the middle of a file too', async () => {
    const agent = new SnapshotAgent(world, 'legs');
    const files = {
      'workspace/a.txt': 'a',
      'workspace/huge.bin': randomBytes(60 * 1024 * 1024),
      'workspace/z.txt': 'z',
    };
    await agent.given(files);
    // To set them ends whatever runs in these functions, so no test comes after this one.
    const names = ['backup', 'verify', 'restore'] as const;
    onTestFinished(() => setLegSeconds(world, names));
    // The bucket is slow, and not the machine: whatever else runs there, a leg finishes something.
    onTestFinished(() => {
      aws.disturb = () => undefined;
    });
    // Eight parts, of which four are on their way at once: a leg ends before all have been read.
    writeOneByOne(aws, /\/legs\/backup-.*\.tar\.zst/, 2_500);
    await setLegSeconds(world, names, '5');

    const first = await agent.run('backup');
    expect(first.state).toBe('continued');
    const backup = await agent.expectReport('backup', ({ runId }) => runId === first.runId);
    expect(backup).toMatchObject({ state: 'succeeded', filesStored: 3 });
    expect(backup.legs).toBeGreaterThan(1);
    const verify = await agent.run('verify');
    const verified = await agent.expectReport('verify', ({ runId }) => runId === verify.runId);
    expect(verified).toMatchObject({ state: 'succeeded', filesVerified: 3 });
    const restore = await agent.run('restore');
    const restored = await agent.expectReport('restore', ({ runId }) => runId === restore.runId);
    expect(restored).toMatchObject({ state: 'succeeded', filesRestored: 3 });
    expect(await agent.restored(restored)).toEqual(hashesOf(files));
  });
});

/** Nobody waits five minutes: the deployed schedule is set to its shortest, and to nothing else. */
async function everyMinute(world: World, agent: string): Promise<void> {
  const client = new SchedulerClient(world.emulator.client);
  const GroupName = output(world.outputs, 'ScheduleGroupName');
  const { Schedules = [] } = await client.send(new ListSchedulesCommand({ GroupName }));
  for (const { Name } of Schedules) {
    const schedule = await client.send(new GetScheduleCommand({ GroupName, Name }));
    const input = JSON.parse(schedule.Target?.Input ?? '{}') as { job?: string; agent?: string };
    if (input.job !== 'backup' || input.agent !== agent) continue;
    expect(schedule.ScheduleExpression).toBe('rate(5 minutes)');
    await client.send(
      new UpdateScheduleCommand({
        Name,
        GroupName,
        ScheduleExpression: 'rate(1 minute)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: schedule.Target,
      }),
    );
  }
  client.destroy();
}

/** Parts of objects whose path matches are taken one by one, each so many milliseconds after the last. */
function writeOneByOne(aws: RecordingProxy, path: RegExp, milliseconds: number): void {
  let free = 0;
  aws.disturb = ({ method, url }) => {
    if (method !== 'PUT' || !path.test(url)) return undefined;
    free = Math.max(free, Date.now()) + milliseconds;
    return { holdMs: free - Date.now() };
  };
}

/** How long a leg of these functions may take; for as long as Lambda allows when not given. */
async function setLegSeconds(
  world: World,
  names: readonly FunctionName[],
  seconds?: string,
): Promise<void> {
  for (const name of names) {
    await changeEnvironment(world, name, (variables) => {
      const others = Object.entries(variables).filter(([key]) => key !== 'LEG_SECONDS');
      return { ...Object.fromEntries(others), ...(seconds ? { LEG_SECONDS: seconds } : {}) };
    });
  }
}

/** What the kit restores from nothing but a copy of the objects, by path. */
async function recoveredByKit(agent: SnapshotAgent): Promise<Record<string, string>> {
  const copy = await agent.copyOfObjects();
  const empty = mkdtempSync(join(tmpdir(), 'recovery-'));
  const kit =
    readdirSync(copy).find((name) => /^workspace-sync-recovery-.*\.mjs$/.test(name)) ?? '';
  const passphrase = join(empty, 'passphrase');
  writeFileSync(passphrase, agent.world.passphrase);
  const to = join(empty, 'files');
  execFileSync(
    process.execPath,
    [join(copy, kit), 'restore', '--to', to, '--passphrase-file', passphrase],
    { cwd: empty, env: {} },
  );
  const found = folderHashes(to);
  for (const folder of [copy, empty]) rmSync(folder, { recursive: true });
  return found;
}

function folderHashes(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return hashesOf(
    Object.fromEntries(
      files.map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [path.slice(folder.length + 1), readFileSync(path)];
      }),
    ),
  );
}

/** One bit in the middle of an object, as a disk or an intruder might flip it. */
async function flipBit(world: World, key: string): Promise<void> {
  const Bucket = output(world.outputs, 'SnapshotBucketName');
  const { Body } = await world.s3.send(new GetObjectCommand({ Bucket, Key: key }));
  const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await world.s3.send(new DeleteObjectCommand({ Bucket, Key: key }));
  await world.s3.send(new PutObjectCommand({ Bucket, Key: key, Body: bytes, IfNoneMatch: '*' }));
}
