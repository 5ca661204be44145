import { readFile } from 'node:fs/promises';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AgentStatus,
  type Job,
  type JobReport,
  type Paused,
  stateKeys,
} from '../../functions/shared/contract/index.ts';
import { output, type World } from '../../local/world.ts';
import { until } from '../fixtures/until.ts';
import { givenAgents, Mailbox } from './mailbox-world.ts';

/** A monthly cap, through a real deploy and by what runs have really used. */
describe('a monthly cap', () => {
  let world: World;
  let ann: Mailbox;

  beforeAll(async () => {
    world = await givenAgents({ ann: { backup: { enabled: true } } });
    ann = new Mailbox(world, 'ann');
  });
  afterAll(() => world.stop());

  async function givenCap(monthlyCap: number): Promise<void> {
    const config = JSON.parse(await readFile(world.configFile, 'utf8')) as object;
    await world.redeploy({ ...config, monthlyCap });
  }

  async function run(job: Job, request: object = {}): Promise<JobReport> {
    const { error, payload } = await world.invoke(job, { agent: 'ann', ...request });
    expect(error, JSON.stringify(payload)).toBe(false);
    return payload as JobReport;
  }

  /** What the schedule does every five minutes. */
  async function refresh(): Promise<AgentStatus> {
    const { error, payload } = await world.invoke('status', { refresh: true });
    expect(error, JSON.stringify(payload)).toBe(false);
    const [status] = payload as AgentStatus[];
    if (!status) throw new Error('the status says nothing of any agent');
    return status;
  }

  async function sweep(): Promise<void> {
    const QueueUrl = output(world.outputs, 'DropQueueUrl');
    await world.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{"sweep":true}' }));
  }

  async function messagesIn(queue: 'DropQueueUrl' | 'DeadDropQueueUrl'): Promise<number> {
    const names = [
      'ApproximateNumberOfMessages',
      'ApproximateNumberOfMessagesNotVisible',
      'ApproximateNumberOfMessagesDelayed',
    ] as const;
    const { Attributes = {} } = await world.sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: output(world.outputs, queue),
        AttributeNames: [...names],
      }),
    );
    return names.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
  }

  async function budget(): Promise<Paused | undefined> {
    const found = await world.get('state', stateKeys.budget);
    return found && (JSON.parse(found.toString()) as Paused);
  }

  it('counts what a run has used', async () => {
    await ann.givenWorkspace({ 'notes.md': 'twelve bytes', 'more.md': 'and more' });

    const { state, usage } = await run('sync');

    expect(state).toBe('succeeded');
    expect(usage?.bytesOut).toBe(20);
    expect(usage?.gbSeconds).toBeGreaterThan(0);
    expect(usage?.awsRequests.write).toBeGreaterThan(3);
    expect(usage?.awsRequests.read).toBeGreaterThan(3);
    const status = await world.get('state', stateKeys.status('ann', 'sync'));
    expect(JSON.parse(status?.toString() ?? '{}')).toMatchObject({
      usage: { runs: 1, legs: 1, bytesOut: 20, month: new Date().toISOString().slice(0, 7) },
    });
  });

  it('pauses syncs, deliveries and verifications, and no backup', async () => {
    await givenCap(0.000_001);
    expect((await run('sync')).state).toBe('succeeded');

    const { paused } = await refresh();

    expect(paused).toMatchObject({ cap: 0.000_001 });
    expect(await budget()).toMatchObject({ ...paused });
    for (const job of ['sync', 'drain', 'verify'] as const) {
      const { state, reason } = await run(job);
      expect([job, state, reason?.code]).toEqual([job, 'skipped', 'paused']);
      expect(reason?.message).toMatch(/\$0\.000001\b.*Raise "monthlyCap" and deploy/);
    }
    expect((await run('sync', { dryRun: true })).state).toBe('succeeded');
    expect((await run('backup')).state).toBe('succeeded');
    expect((await run('list')).snapshots).toHaveLength(1);
  });

  it('leaves drops where they are, without a dead letter', async () => {
    await ann.drop('letter.txt', 'for ann');
    await until(
      'the event of the drop is taken from its queue',
      async () => (await messagesIn('DropQueueUrl')) === 0,
    );
    await sweep();
    await until('the sweep is done', async () => (await messagesIn('DropQueueUrl')) === 0);

    expect(await ann.dropsLeft()).toEqual(['letter.txt']);
    expect(await ann.inbox()).toEqual({});
    expect(await messagesIn('DeadDropQueueUrl')).toBe(0);
  });

  it('goes on at once when it is raised, and every drop arrives', async () => {
    await ann.givenWorkspace({ 'late.md': 'written meanwhile' });
    await givenCap(1_000);

    expect((await run('sync')).filesSent).toBe(1);
    expect((await refresh()).paused).toBeUndefined();
    expect(await budget()).toBeUndefined();
    await sweep();
    expect(await ann.expectDelivered(1)).toEqual({ 'letter.txt': 'for ann' });
  });
});
