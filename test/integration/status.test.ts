import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  stateKeys,
  type AgentStatus,
  type Job,
  type JobReport,
  type RunningRecord,
} from '../../functions/shared/contract/index.ts';
import { account, region } from '../../local/emulator.ts';
import { startRecordingProxy, type RecordingProxy } from '../../local/recording-proxy.ts';
import { output, type World } from '../../local/world.ts';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { until } from '../fixtures/until.ts';
import { givenAgents, Mailbox } from './mailbox-world.ts';

/** What is known of agents, through a real deploy. */
describe('the status', () => {
  let world: World;
  let dav: RecordingProxy;

  beforeAll(async () => {
    world = await givenAgents(
      {
        told: { backup: { enabled: true } },
        slow: {},
        blocked: {},
        twice: {},
        pulls: { sync: { mode: 'mirror' } },
      },
      {
        cloudUrl: async (url) => {
          dav = await startRecordingProxy(url, { region, account });
          return dav.url;
        },
      },
    );
  });
  afterAll(async () => {
    await world.stop();
    await dav.stop();
  });

  async function ask(request: object): Promise<AgentStatus[]> {
    const { error, payload } = await world.invoke('status', request);
    expect(error, JSON.stringify(payload)).toBe(false);
    return payload as AgentStatus[];
  }

  async function statusOf(agent: string): Promise<AgentStatus> {
    const [status] = await ask({ agent });
    if (!status) throw new Error(`nothing is known of ${agent}`);
    return status;
  }

  /** The status in the workspace, once it is about this run. */
  function toldAbout(box: Mailbox, job: Job, { runId }: JobReport): Promise<AgentStatus> {
    return until(`the end of ${job} ${runId} in the workspace of ${box.agent}`, async () => {
      const status = await box.status();
      const facts = status?.jobs.find((one) => one.job === job);
      return facts?.last?.runId === runId ? status : undefined;
    });
  }

  async function running(agent: string, job: Job): Promise<RunningRecord | undefined> {
    const text = await world.get('state', stateKeys.running(agent, job));
    return text && (JSON.parse(text.toString()) as RunningRecord);
  }

  it('is known of every agent, before anything has happened', async () => {
    const all = await ask({});
    expect(all.map(({ agent }) => agent)).toEqual(['blocked', 'pulls', 'slow', 'told', 'twice']);
    expect(await statusOf('twice')).toMatchObject({
      version: 1,
      provider: 'custom',
      mode: 'mailbox',
      running: false,
      syncCount: 0,
      tokens: [],
      recoveryPoint: { text: expect.stringContaining('there is no copy') as string },
    });
  });

  it('lies in the workspace after a run, and comes to no other place', async () => {
    const box = new Mailbox(world, 'told');
    await box.givenWorkspace({ 'a.md': 'one', 'b.md': 'two' });

    const report = await box.sync();
    const status = await toldAbout(box, 'sync', report);

    expect(status).toMatchObject({
      agent: 'told',
      lastSyncAt: report.finishedAt,
      syncCount: 1,
      errorCount: 0,
      recoveryPoint: { at: report.startedAt, from: 'cloud-folder' },
    });
    expect(status.jobs.find(({ job }) => job === 'sync')).toMatchObject({
      runs: 1,
      last: { state: 'succeeded', files: 2, bytes: 6, skippedFiles: 0 },
    });
    const again = await box.sync();
    expect(again).toMatchObject({ state: 'succeeded', filesSent: 0, filesDeleted: 0 });
    expect(await box.cloud()).toEqual({ 'a.md': 'one', 'b.md': 'two' });

    const { payload } = await world.invoke('backup', { agent: 'told' });
    const backup = payload as JobReport;
    expect(backup).toMatchObject({ state: 'succeeded', filesStored: 2 });
    const after = await toldAbout(box, 'backup', backup);
    expect(after.recoveryPoint).toMatchObject({ at: backup.snapshot?.createdAt, from: 'snapshot' });
    expect(after.jobs.map(({ job }) => job)).toContain('verify');

    const verified = (await world.invoke('verify', { agent: 'told' })).payload as JobReport;
    expect(await toldAbout(box, 'verify', verified)).toMatchObject({
      lastVerifiedSnapshot: { id: backup.snapshot?.id, verified: { passed: true } },
    });
  });

  it('leaves what it says alone where the workspace is filled from the cloud folder', async () => {
    const box = new Mailbox(world, 'pulls');
    await box.givenCloud({ 'a.md': 'one' });
    const first = await box.sync();
    await toldAbout(box, 'sync', first);

    await box.removeFromCloud('a.md');
    await box.givenCloud({ 'b.md': 'two' });
    const second = await box.sync();

    expect(second).toMatchObject({ state: 'succeeded', filesReceived: 1, filesDeleted: 1 });
    expect(await box.status()).toBeDefined();
    // What comes from the cloud folder is no copy of the workspace.
    expect((await statusOf('pulls')).recoveryPoint).not.toHaveProperty('at');
  });

  it('shows a long run at work, and how it gets on', async () => {
    const box = new Mailbox(world, 'slow');
    const files = Object.fromEntries(Array.from({ length: 24 }, (_, i) => [`${i}.txt`, 'text']));
    await box.givenWorkspace(files);
    let free = 0;
    dav.disturb = ({ method, url }) => {
      if (method !== 'PUT' || !url.startsWith('/slow/')) return undefined;
      free = Math.max(free, Date.now()) + 500;
      return { holdMs: free - Date.now() };
    };
    const run = box.sync({ runId: '20261122T101500Z-0a1b2c3d' });

    const early = await until('a record of the run', () => running('slow', 'sync'));
    expect(early).toMatchObject({
      runId: '20261122T101500Z-0a1b2c3d',
      trigger: 'manual',
      leg: 1,
      state: 'running',
    });
    const working = await until('progress', async () => {
      const record = await running('slow', 'sync');
      return record?.state === 'running' && record.done.files > 0 ? record : undefined;
    });
    expect(working).toMatchObject({
      doing: 'copying to the cloud folder',
      total: { files: 24, bytes: 96 },
    });
    expect(working.done.bytes).toBe(4 * working.done.files);
    const { running: isRunning, jobs } = await statusOf('slow');
    expect(isRunning).toBe(true);
    expect(jobs.find(({ job }) => job === 'sync')?.running).toMatchObject({ runId: early.runId });
    const later = await until('more progress', async () => {
      const record = await running('slow', 'sync');
      return record && record.done.files > working.done.files ? record : undefined;
    });
    expect(later.total).toEqual({ files: 24, bytes: 96 });

    const report = await run;
    dav.disturb = () => undefined;
    expect(report).toMatchObject({ state: 'succeeded', filesSent: 24 });
    expect(await running('slow', 'sync')).toMatchObject({
      state: 'ended',
      done: { files: 24, bytes: 96 },
    });
    expect(await statusOf('slow')).toMatchObject({ running: false });
  });

  it('has the problem of a run that a guard has stopped, and no longer when it is over', async () => {
    const box = new Mailbox(world, 'blocked');
    await box.givenWorkspace({ 'a.md': 'one' });
    const first = await box.sync();
    await box.removeFromWorkspace('a.md');

    const stopped = await box.sync();
    const status = await toldAbout(box, 'sync', stopped);

    expect(stopped.state).toBe('blocked');
    expect(status).toMatchObject({
      healthy: false,
      errorCount: 1,
      lastSyncAt: first.finishedAt,
      recoveryPoint: { at: first.startedAt },
    });
    expect(status.problems[0]).toMatchObject({
      code: 'empty-source',
      message: expect.stringContaining('confirmDeletes') as string,
      runbook: 'a-guard-blocked-a-sync',
    });
    await box.givenWorkspace({ 'a.md': 'one' });
    const mended = await box.sync();
    expect(await toldAbout(box, 'sync', mended)).toMatchObject({ healthy: true, problems: [] });
  });

  it('does nothing for a run that is asked for a second time', async () => {
    const box = new Mailbox(world, 'twice');
    const runId = '20261122T101500Z-11112222';
    await box.givenWorkspace({ 'a.md': 'one' });
    const first = await box.sync({ runId });
    expect(first).toMatchObject({ runId, state: 'succeeded', filesSent: 1 });
    await box.givenWorkspace({ 'b.md': 'two' });

    const second = await box.sync({ runId });

    expect(second).toMatchObject({ state: 'skipped', reason: { code: 'run-is-over' } });
    expect(await box.cloud()).toEqual({ 'a.md': 'one' });
    const key = stateKeys.history('twice', '2026-11-22', `${runId}-sync`);
    expect(JSON.parse(String(await world.get('state', key)))).toEqual(first);
    expect(await statusOf('twice')).toMatchObject({ syncCount: 1 });
  });

  it('counts dead letters', async () => {
    const QueueUrl = output(world.outputs, 'DeadDropQueueUrl');
    await world.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));

    const { deadLetters, problems } = await statusOf('twice');

    expect(deadLetters).toEqual([{ queue: 'drops', messages: 1 }]);
    expect(problems).toContainEqual(expect.objectContaining({ code: 'dead-letters' }));
  });

  it('is refused to who asks for something else', async () => {
    const answer = await world.invoke('status', { agent: 'nobody' });
    expect(answer).toMatchObject({ error: true });
    expect(JSON.stringify(answer.payload)).toContain('There is no agent');
    expect(await world.invoke('status', { agents: ['told'] })).toMatchObject({ error: true });
  });
});
