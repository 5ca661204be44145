import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { environment, stateKeys, type JobReport } from '../../functions/shared/contract/index.ts';
import { account, region } from '../../local/emulator.ts';
import { startRecordingProxy, type RecordingProxy } from '../../local/recording-proxy.ts';
import { output, type World } from '../../local/world.ts';
import tellTheBus from '../../skill/hooks/workspace-sync-session/handler.ts';
import { changeEnvironment } from '../fixtures/function-environment.ts';
import { until } from '../fixtures/until.ts';
import { givenAgents, Mailbox, type AgentSettings } from './mailbox-world.ts';

const teamBucket = 'a-bucket-of-the-team';

const mirror = { mode: 'mirror' };
const ingesting = { mode: 'mirror', ingest: true };
const bisync = { mode: 'bisync' };
const agents: Record<string, Record<string, unknown>> = {
  mirrors: mirror,
  bucket: {
    ...mirror,
    provider: 's3',
    custom: undefined,
    remotePath: 'team/files',
    s3: { bucket: teamBucket, region },
  },
  owns: mirror,
  beside: { ...ingesting, localPath: 'shared' },
  whole: ingesting,
  boxpull: {},
  boxpush: {},
  mirpull: mirror,
  mirpush: mirror,
  sacred: bisync,
  drybox: {},
  drymirror: ingesting,
  drybisync: bisync,
  joins: bisync,
  cold: bisync,
  lost: bisync,
  drifts: {},
  longmailbox: {},
  longmirror: mirror,
  longbisync: bisync,
  sessions: { ...mirror, onSessionStart: true },
  clashes: { ...mirror, localPath: 'shared' },
};

/** Every mode through a real deploy: the real rclone, the real handlers, WebDAV and S3. */
describe('the modes', () => {
  let world: World;
  /** What the functions ask of AWS. */
  let aws: RecordingProxy;
  /** What they ask of the cloud folder. */
  let dav: RecordingProxy;

  beforeAll(async () => {
    const settings = Object.entries(agents).map(([name, sync]): [string, AgentSettings] => [
      name,
      { sync },
    ]);
    world = await givenAgents(Object.fromEntries(settings), {
      env: async (url) => {
        aws = await startRecordingProxy(url, { region, account });
        return aws.env;
      },
      cloudUrl: async (url, emulator) => {
        const s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
        await s3.send(new CreateBucketCommand({ Bucket: teamBucket }));
        s3.destroy();
        dav = await startRecordingProxy(url, { region, account });
        return dav.url;
      },
    });
  });
  afterAll(async () => {
    await world.stop();
    await dav.stop();
    await aws.stop();
  });

  /** What was asked for while something was done: methods at the cloud, permissions in AWS. */
  async function asked<T>(
    work: () => Promise<T>,
  ): Promise<{ cloud: string[]; aws: string[]; result: T }> {
    const before = { dav: dav.calls.length, aws: aws.calls.length };
    const result = await work();
    const methods = dav.calls.slice(before.dav).map(({ request }) => request.split(' ')[0] ?? '');
    const actions = aws.calls
      .slice(before.aws)
      // The status of an earlier run may be on its way into a workspace.
      .filter(({ caller = '' }) => !caller.includes('Status'))
      .flatMap(({ needs, request }) =>
        needs ? needs.map(({ action }) => action) : [`not understood: ${request}`],
      );
    return { cloud: unique(methods), aws: unique(actions), result };
  }

  /** A run of which the requests show that nothing was written anywhere. */
  async function dry(box: Mailbox, request: object = {}): Promise<JobReport> {
    const [cloud, workspace] = [await box.cloud(), await box.workspace()];
    const state = await world.keys('state', '');
    const { result, ...requests } = await asked(() => box.sync({ ...request, dryRun: true }));
    for (const method of requests.cloud) expect(['PROPFIND', 'GET', 'HEAD']).toContain(method);
    for (const action of requests.aws) {
      expect(['s3:GetObject', 's3:ListBucket', 'secretsmanager:GetSecretValue']).toContain(action);
    }
    expect(await box.cloud()).toEqual(cloud);
    expect(await box.workspace()).toEqual(workspace);
    expect(await world.keys('state', '')).toEqual(state);
    expect(result).toMatchObject({ filesSent: 0, filesReceived: 0, filesDeleted: 0 });
    return result;
  }

  /** Agents whose files the cloud folder takes or sends one after the other, and how. */
  const slow = new Map<string, { method: string; milliseconds: number; free: number }>();

  /** Has the cloud folder take its time for each file of an agent; what is returned ends that. */
  function sendOneByOne(agent: string, method: string, milliseconds: number): () => void {
    slow.set(agent, { method, milliseconds, free: 0 });
    dav.disturb = (request) => {
      const queue = slow.get(request.url.split('/')[1] ?? '');
      if (queue?.method !== request.method) return undefined;
      queue.free = Math.max(queue.free, Date.now()) + queue.milliseconds;
      return { holdMs: queue.free - Date.now() };
    };
    return () => slow.delete(agent);
  }

  it('pulls the cloud folder down, and never changes it', async () => {
    const box = new Mailbox(world, 'mirrors');
    await box.givenCloud({
      'a.txt': 'one',
      'deep/b.txt': 'same',
      'gone.txt': 'gone',
      'empty.bin': '',
    });
    await box.givenCloud({ '_outbox/drop.txt': 'a drop', '.trash/old.txt': 'trash' });
    await box.givenWorkspace({ '_inbox/unread.txt': 'unread', '_outbox/odd.txt': 'odd' });
    const before = await box.cloud();

    const first = await asked(() => box.sync());

    expect(first.result).toMatchObject({ state: 'succeeded', filesReceived: 4, bytesReceived: 11 });
    expect(first.cloud.sort()).toEqual(['GET', 'PROPFIND']);
    const mail = { '_inbox/unread.txt': 'unread', '_outbox/odd.txt': 'odd' };
    expect(await box.workspace()).toEqual({
      'a.txt': 'one',
      'deep/b.txt': 'same',
      'gone.txt': 'gone',
      'empty.bin': '',
      ...mail,
    });
    expect(await box.cloud()).toEqual(before);

    await givenLater(box, { 'deep/b.txt': 'SAME', 'new.txt': 'n' });
    await box.removeFromCloud('gone.txt');
    await box.givenWorkspace({ 'a.txt': 'own', 'extra.txt': 'the agent’s' });
    const changed = await box.cloud();

    const second = await asked(() => box.sync());

    expect(second.result).toMatchObject({ state: 'succeeded', filesReceived: 3, filesDeleted: 2 });
    expect(second.cloud.sort()).toEqual(['GET', 'PROPFIND']);
    expect(await box.workspace()).toEqual({
      'a.txt': 'one',
      'deep/b.txt': 'SAME',
      'empty.bin': '',
      'new.txt': 'n',
      ...mail,
    });
    expect(await box.cloud()).toEqual(changed);
    expect(await box.sync()).toMatchObject({
      state: 'succeeded',
      filesReceived: 0,
      filesDeleted: 0,
    });
  });

  it('pulls a bucket of the same account down', async () => {
    const box = new Mailbox(world, 'bucket');
    const put = (Key: string, Body: string): Promise<unknown> =>
      world.s3.send(new PutObjectCommand({ Bucket: teamBucket, Key: `team/files/${Key}`, Body }));
    await put('a.txt', 'aaaa');
    await put('b.txt', 'b');
    await put('_outbox/drop.txt', 'a drop');
    await box.sync();
    await put('a.txt', 'AAAA');

    const { result } = await asked(() => box.sync());

    expect(result).toMatchObject({ state: 'succeeded', filesReceived: 1, filesDeleted: 0 });
    expect(await box.workspace()).toEqual({ 'a.txt': 'AAAA', 'b.txt': 'b' });
    const written = aws.calls.filter(
      ({ request }) => /^(PUT|POST|DELETE) /.test(request) && request.includes(teamBucket),
    );
    expect(written).toEqual([]);
  });

  it('a first pull deletes nothing of the agent’s before somebody confirms', async () => {
    const box = new Mailbox(world, 'owns');
    await box.givenCloud({ 'a.txt': 'theirs', 'b.txt': 'b' });
    await box.givenWorkspace({ 'a.txt': 'the agent’s', 'diary.md': 'dear diary' });

    const blocked = await box.sync();

    expect(blocked).toMatchObject({ state: 'blocked', reason: { code: 'first-pull-deletes' } });
    expect(blocked.reason?.message).toContain('"confirmDeletes": 2');
    expect(blocked.plan?.delete).toEqual([{ path: 'diary.md', bytes: 10, side: 'workspace' }]);
    expect(await box.workspace()).toEqual({ 'a.txt': 'the agent’s', 'diary.md': 'dear diary' });
    expect((await box.sync({ confirmDeletes: 1 })).state).toBe('blocked');

    const confirmed = await box.sync({ confirmDeletes: 2 });

    expect(confirmed).toMatchObject({ state: 'succeeded', filesReceived: 2, filesDeleted: 1 });
    expect(await box.workspace()).toEqual({ 'a.txt': 'theirs', 'b.txt': 'b' });
  });

  it('copies new files of ingestPath up, replaces and deletes nothing there', async () => {
    const box = new Mailbox(world, 'beside');
    await box.givenCloud({ 'a.txt': 'a', 'inbox/taken.txt': 'a person’s', 'inbox/kept.txt': 'k' });
    await box.givenWorkspace({
      'inbox/new.txt': 'new',
      'inbox/deep/er.txt': 'er',
      'inbox/taken.txt': 'another',
      'private.txt': 'not synchronised',
    });

    const first = await box.sync();

    expect(first).toMatchObject({ state: 'partial', filesSent: 2, bytesSent: 5, skippedFiles: 1 });
    expect(first.skipped[0]).toMatchObject({ path: 'taken.txt' });
    const up = {
      'a.txt': 'a',
      'inbox/taken.txt': 'a person’s',
      'inbox/kept.txt': 'k',
      'inbox/new.txt': 'new',
      'inbox/deep/er.txt': 'er',
    };
    expect(await box.cloud()).toEqual(up);

    await box.removeFromWorkspace('inbox/deep/er.txt', 'inbox/taken.txt');
    await box.givenWorkspace({ 'inbox/new.txt': 'NEW' });
    const second = await box.sync();

    expect(second).toMatchObject({ state: 'partial', filesSent: 0, skippedFiles: 1 });
    expect(second.skipped[0]).toMatchObject({ path: 'new.txt' });
    expect(await box.cloud()).toEqual(up);
    expect(await box.workspace('inbox/')).toEqual({ 'new.txt': 'NEW' });
    expect(await box.workspace('shared/')).toEqual(up);
  });

  it('does not delete what ingest holds', async () => {
    const box = new Mailbox(world, 'whole');
    await box.givenCloud({ 'a.txt': 'a', 'inbox/theirs.txt': 't' });
    await box.givenWorkspace({ 'inbox/new.txt': 'new' });

    const first = await box.sync();
    await box.removeFromCloud('inbox/new.txt');
    await box.removeFromCloud('a.txt');
    await box.givenCloud({ 'b.txt': 'b' });
    const second = await box.sync();

    expect(first).toMatchObject({ state: 'succeeded', filesReceived: 1, filesSent: 1 });
    expect(second).toMatchObject({ state: 'succeeded', filesReceived: 1, filesDeleted: 1 });
    expect(await box.workspace()).toEqual({ 'inbox/new.txt': 'new', 'b.txt': 'b' });
    expect(await box.cloud()).toMatchObject({ 'inbox/theirs.txt': 't', 'b.txt': 'b' });
  });

  it.each(['boxpull', 'mirpull'])(
    'pull makes the workspace what the cloud folder is, for one run (%s)',
    async (agent) => {
      const box = new Mailbox(world, agent);
      await box.givenCloud({ 'a.txt': 'a' });
      if (agent === 'boxpull') await box.givenWorkspace({ 'a.txt': 'a' });
      await box.sync();
      await givenLater(box, { 'a.txt': 'A', 'new.txt': 'n' });
      await box.givenWorkspace({ 'own.txt': 'own' });
      const cloud = await box.cloud();

      const first = await box.sync({ direction: 'pull' });

      if (agent === 'boxpull') {
        expect(first).toMatchObject({ state: 'blocked', reason: { code: 'against-mode' } });
        expect(first.plan?.totals).toMatchObject({ delete: { files: 1 }, update: { files: 1 } });
        expect(await box.workspace()).toEqual({ 'a.txt': 'a', 'own.txt': 'own' });
        const confirmed = await box.sync({ direction: 'pull', confirmDeletes: 2 });
        expect(confirmed).toMatchObject({ state: 'succeeded', filesReceived: 2, filesDeleted: 1 });
      } else {
        expect(first).toMatchObject({ state: 'succeeded', filesReceived: 2, filesDeleted: 1 });
      }
      expect(await box.workspace()).toEqual({ 'a.txt': 'A', 'new.txt': 'n' });
      expect(await box.cloud()).toEqual(cloud);

      const back = await box.sync();
      expect(back).toMatchObject({ state: 'succeeded', filesSent: 0, filesReceived: 0 });
    },
  );

  it.each(['boxpush', 'mirpush'])(
    'push makes the cloud folder what the workspace is, for one run (%s)',
    async (agent) => {
      const box = new Mailbox(world, agent);
      await box.givenWorkspace({ 'a.txt': 'a', 'gone.txt': 'g' });
      if (agent === 'mirpush') await box.givenCloud({ 'a.txt': 'a', 'gone.txt': 'g' });
      await box.sync();
      await box.givenWorkspace({ 'a.txt': 'A', 'new.txt': 'n' });
      await box.removeFromWorkspace('gone.txt');
      await box.givenCloud({ '_outbox/drop.txt': 'a drop' });
      const workspace = await box.workspace();

      const first = await box.sync({ direction: 'push' });

      if (agent === 'mirpush') {
        expect(first).toMatchObject({ state: 'blocked', reason: { code: 'against-mode' } });
        expect(await box.cloud()).toMatchObject({ 'a.txt': 'a', 'gone.txt': 'g' });
        const confirmed = await box.sync({ direction: 'push', confirmDeletes: 2 });
        expect(confirmed).toMatchObject({ state: 'succeeded', filesSent: 2, filesDeleted: 1 });
      } else {
        expect(first).toMatchObject({ state: 'succeeded', filesSent: 2, filesDeleted: 1 });
      }
      expect(await box.workspace()).toEqual(workspace);
      const after = Object.entries(await box.cloud());
      const left = after.filter(([path]) => !path.startsWith('.trash/'));
      expect(Object.fromEntries(left)).toEqual({
        'a.txt': 'A',
        'new.txt': 'n',
        '_outbox/drop.txt': 'a drop',
      });
      const trashed = after.filter(([path]) => path.startsWith('.trash/'));
      expect(trashed.map(([, text]) => text).sort()).toEqual(['a', 'g']);
    },
  );

  it('leaves both mailboxes alone in either direction', async () => {
    const box = new Mailbox(world, 'sacred');
    await box.givenWorkspace({ 'a.txt': 'a', '_inbox/unread.txt': 'u', '_outbox/odd.txt': 'o' });
    await box.givenCloud({ '_outbox/drop.txt': 'd', '_inbox/odd.txt': 'o', '.trash/t': 't' });
    const both = async (): Promise<object[]> => [await box.cloud(), await box.workspace()];

    const push = await box.sync({ direction: 'push' });
    const afterPush = await both();
    const pull = await box.sync({ direction: 'pull' });

    expect(push).toMatchObject({ state: 'succeeded', filesSent: 1, filesDeleted: 0 });
    expect(pull).toMatchObject({ state: 'succeeded', filesReceived: 0, filesDeleted: 0 });
    expect(afterPush).toEqual([
      { 'a.txt': 'a', '_outbox/drop.txt': 'd', '_inbox/odd.txt': 'o', '.trash/t': 't' },
      { 'a.txt': 'a', '_inbox/unread.txt': 'u', '_outbox/odd.txt': 'o' },
    ]);
    expect(await both()).toEqual(afterPush);
  });

  describe('says what it would do, and writes nothing', () => {
    it('in mode mailbox, and in either direction', async () => {
      const box = new Mailbox(world, 'drybox');
      await box.givenWorkspace({ 'a.txt': 'a', 'gone.txt': 'gone' });
      await box.sync();
      await box.removeFromWorkspace('gone.txt');
      await box.givenWorkspace({ 'a.txt': 'longer', 'new.txt': 'new' });
      await box.givenCloud({ '_outbox/drop.txt': 'drop' });

      const report = await dry(box);

      expect(report.state).toBe('succeeded');
      expect(report.plan).toEqual({
        copy: [{ path: 'new.txt', bytes: 3, side: 'cloud' }],
        update: [{ path: 'a.txt', bytes: 6, side: 'cloud' }],
        delete: [{ path: 'gone.txt', bytes: 4, side: 'cloud' }],
        deliver: [{ path: 'drop.txt', bytes: 4, side: 'workspace' }],
        conflict: [],
        totals: {
          copy: { files: 1, bytes: 3 },
          update: { files: 1, bytes: 6 },
          delete: { files: 1, bytes: 4 },
          deliver: { files: 1, bytes: 4 },
          conflict: { files: 0, bytes: 0 },
        },
      });
      expect(report.planText?.split('\n')).toEqual([
        '+ copy "new.txt" (3 B), in the cloud',
        '~ update "a.txt" (6 B), in the cloud',
        '- delete "gone.txt" (4 B), in the cloud',
        '> deliver "drop.txt" (4 B), in the workspace',
        '1 to copy (3 B), 1 to update (6 B), 1 to delete (4 B), 1 to deliver (4 B).',
      ]);

      const push = await dry(box, { direction: 'push' });
      expect(push.plan).toMatchObject({
        ...report.plan,
        deliver: [],
        totals: { deliver: { files: 0 } },
      });
      const pull = await dry(box, { direction: 'pull' });
      expect(pull).toMatchObject({ state: 'blocked', reason: { code: 'against-mode' } });
      expect(pull.plan).toMatchObject({
        copy: [{ path: 'gone.txt', bytes: 4, side: 'workspace' }],
        update: [{ path: 'a.txt', bytes: 1, side: 'workspace' }],
        delete: [{ path: 'new.txt', bytes: 3, side: 'workspace' }],
      });
    });

    it('in mode mirror with ingest', async () => {
      const box = new Mailbox(world, 'drymirror');
      await box.givenCloud({ 'a.txt': 'a', 'gone.txt': 'gone' });
      await box.sync();
      await box.givenCloud({ 'a.txt': 'longer', 'new.txt': 'new', '_outbox/drop.txt': 'drop' });
      await box.removeFromCloud('gone.txt');
      await box.givenWorkspace({ 'inbox/up.txt': 'upwards' });

      const report = await dry(box);

      expect(report.state).toBe('succeeded');
      expect(report.plan).toMatchObject({
        copy: [
          { path: 'new.txt', bytes: 3, side: 'workspace' },
          { path: 'up.txt', bytes: 7, side: 'cloud' },
        ],
        update: [{ path: 'a.txt', bytes: 6, side: 'workspace' }],
        delete: [{ path: 'gone.txt', bytes: 4, side: 'workspace' }],
        deliver: [],
        totals: { copy: { files: 2, bytes: 10 }, delete: { files: 1, bytes: 4 } },
      });
      expect(report.planText).toContain('+ copy "up.txt" (7 B), in the cloud');
    });

    it('in mode bisync', async () => {
      const box = new Mailbox(world, 'drybisync');
      await box.givenWorkspace({ 'a.txt': 'a', 'gone.txt': 'gone' });
      await box.givenCloud({ 'b.txt': 'b' });
      await box.sync({ resync: true });
      await box.givenWorkspace({ 'a.txt': 'longer' });
      await box.removeFromWorkspace('gone.txt');
      await box.givenCloud({ 'new.txt': 'new', '_outbox/drop.txt': 'drop' });

      const report = await dry(box);

      expect(report.state).toBe('succeeded');
      expect(report.plan).toMatchObject({
        copy: [{ path: 'new.txt', bytes: 3, side: 'workspace' }],
        update: [{ path: 'a.txt', bytes: 6, side: 'cloud' }],
        delete: [{ path: 'gone.txt', bytes: 4, side: 'cloud' }],
        deliver: [],
        conflict: [],
      });
      expect(report.planText?.split('\n').at(-1)).toBe(
        '1 to copy (3 B), 1 to update (6 B), 1 to delete (4 B).',
      );
      const real = await box.sync();
      expect(real).toMatchObject({
        filesSent: 1,
        bytesSent: 6,
        filesReceived: 1,
        bytesReceived: 3,
      });
      expect(real.filesDeleted).toBe(1);
    });
  });

  describe('bisync', () => {
    it('shows the plan of a resync first', async () => {
      const box = new Mailbox(world, 'joins');
      await box.givenWorkspace({ 'a.txt': 'agent', '_inbox/unread.txt': 'u' });
      await box.givenCloud({ 'b.txt': 'person', '_outbox/drop.txt': 'd' });

      const blocked = await box.sync();

      expect(blocked).toMatchObject({ state: 'blocked', reason: { code: 'needs-resync' } });
      expect(blocked.reason?.message).toContain('{"agent":"joins","resync":true,"dryRun":true}');
      const plan = await dry(box, { resync: true });
      expect(plan.plan?.copy).toEqual(
        expect.arrayContaining([
          { path: 'a.txt', bytes: 5, side: 'cloud' },
          { path: 'b.txt', bytes: 6, side: 'workspace' },
        ]),
      );
      expect(plan.plan?.totals).toMatchObject({ copy: { files: 2 }, delete: { files: 0 } });
      const done = await box.sync({ resync: true });
      expect(done).toMatchObject({ state: 'succeeded', filesSent: 1, filesReceived: 1 });
      const joined = { 'a.txt': 'agent', 'b.txt': 'person' };
      expect(await box.workspace()).toEqual({ ...joined, '_inbox/unread.txt': 'u' });
      expect(await box.cloud()).toEqual({ ...joined, '_outbox/drop.txt': 'd' });
    });

    it('carries changes of either side on a deploy', async () => {
      const box = new Mailbox(world, 'joins');
      await box.givenWorkspace({ 'a.txt': 'AGENT', 'deep/new.txt': 'n' });
      await givenLater(box, { 'b.txt': 'PERSON', 'c.txt': 'c' });

      const report = await box.sync();

      expect(report).toMatchObject({ state: 'succeeded', filesSent: 2, filesReceived: 2 });
      const now = { 'a.txt': 'AGENT', 'b.txt': 'PERSON', 'c.txt': 'c', 'deep/new.txt': 'n' };
      expect(await box.workspace()).toMatchObject(now);
      expect(await box.cloud()).toMatchObject(now);
      await box.removeFromCloud('c.txt');
      await box.removeFromWorkspace('a.txt');
      expect(await box.sync()).toMatchObject({ state: 'succeeded', filesDeleted: 2 });
      expect(kept(await box.cloud())).toEqual({
        'b.txt': 'PERSON',
        'deep/new.txt': 'n',
        '_outbox/drop.txt': 'd',
      });
      expect(Object.keys(kept(await box.workspace())).sort()).toEqual([
        '_inbox/unread.txt',
        'b.txt',
        'deep/new.txt',
      ]);
    });

    it('state survives a new container', async () => {
      const box = new Mailbox(world, 'cold');
      await box.givenWorkspace({ 'a.txt': 'a', 'b.txt': 'b' });
      await box.sync({ resync: true });
      await changeEnvironment(world, 'sync', (env) => ({ ...env, ANOTHER: 'container' }));
      await box.removeFromWorkspace('a.txt');

      const report = await box.sync();

      expect(report).toMatchObject({ state: 'succeeded', filesDeleted: 1, filesReceived: 0 });
      expect(kept(await box.cloud())).toEqual({ 'b.txt': 'b' });
    });

    it('a lost baseline stops it, both sides untouched', async () => {
      const box = new Mailbox(world, 'lost');
      await box.givenWorkspace({ 'a.txt': 'a', 'b.txt': 'b' });
      await box.sync({ resync: true });
      await box.removeFromWorkspace('a.txt');
      await box.givenCloud({ 'b.txt': 'changed' });
      await box.forgetState(stateKeys.bisync('lost'));

      const { result, cloud } = await asked(() => box.sync());

      expect(result).toMatchObject({ state: 'blocked', reason: { code: 'needs-resync' } });
      expect(cloud).toEqual([]);
      expect(await box.workspace()).toEqual({ 'b.txt': 'b' });
      expect(await box.cloud()).toEqual({ 'a.txt': 'a', 'b.txt': 'changed' });
    });
  });

  it('blocks a run after a changed path, mode or filter until it is confirmed', async () => {
    const box = new Mailbox(world, 'drifts');
    await box.givenWorkspace({ 'a.txt': 'a', 'shared/b.txt': 'b' });
    await box.sync();
    const before = await box.cloud();
    const changes: [string, Record<string, unknown>][] = [
      ['sync.localPath', { localPath: 'shared' }],
      ['sync.mode', { mode: 'mirror' }],
      ['sync.exclude', { exclude: ['*.txt'] }],
      ['sync.remotePath', { remotePath: 'drifts/elsewhere' }],
    ];
    await withConfiguration(world, 'drifts', async (change) => {
      for (const [key, changed] of changes) {
        await change(changed);
        const blocked = await box.sync();
        expect(blocked, key).toMatchObject({
          state: 'blocked',
          reason: { code: 'config-changed' },
          filesSent: 0,
          filesDeleted: 0,
        });
        expect(blocked.reason?.message).toContain(`${key} was `);
        expect(await box.cloud()).toEqual(before);
        if (key === 'sync.localPath') {
          expect(blocked.plan?.totals).toMatchObject({ copy: { files: 1 }, delete: { files: 2 } });
        }
      }
      await change({});
      expect((await box.sync()).state).toBe('succeeded');

      await change({ exclude: ['a.*'] });
      const { reason } = await box.sync();
      const confirmConfig = /"confirmConfig": "(\w+)"/.exec(reason?.message ?? '')?.[1] ?? '';
      expect((await box.sync({ confirmConfig: 'another' })).state).toBe('blocked');
      expect(await box.sync({ confirmConfig })).toMatchObject({ state: 'succeeded' });
      expect((await box.sync()).state).toBe('succeeded');
    });
    expect(await box.cloud()).toEqual(before);
  });

  /**
   * The cloud folder is so slow until the first leg is over that no machine is fast enough to end the
   * run in it; a slow machine has far more time than it needs to finish some files. The three share
   * their time: the legs are mostly waiting.
   */
  describe('work that is longer than a leg', () => {
    beforeAll(() =>
      changeEnvironment(world, 'sync', (env) => ({ ...env, [environment.legSeconds]: '20' })),
    );
    afterAll(async () => {
      dav.disturb = () => undefined;
      await changeEnvironment(world, 'sync', without(environment.legSeconds));
    });

    it.concurrent.each([
      { mode: 'mailbox', method: 'PUT' },
      { mode: 'mirror', method: 'GET' },
      { mode: 'bisync', method: 'GET' },
    ])('a run in many legs is one run in the history ($mode)', async ({ mode, method }) => {
      const agent = `long${mode}`;
      const box = new Mailbox(world, agent);
      const files = Object.fromEntries(
        Array.from({ length: 60 }, (_, i) => [`folder ${i % 3}/file ${i}.txt`, `text ${i}`]),
      );
      const up = mode === 'mailbox';
      await (up
        ? box.givenWorkspace({ 'first.txt': 'first' })
        : box.givenCloud({ 'first.txt': 'first' }));
      await box.sync(mode === 'bisync' ? { resync: true } : {});
      await (up ? box.givenWorkspace(files) : box.givenCloud(files));
      const beQuick = sendOneByOne(agent, method, 500);
      const before = dav.calls.length;

      const first = await box.sync();
      beQuick();

      expect(first).toMatchObject({ state: 'continued', legs: 1 });
      const report = await lastReport(world, first);
      const sent = dav.calls
        .slice(before)
        .filter(({ request }) => request.startsWith(`${method} /${agent}/folder`));
      expect(report).toMatchObject({ state: 'succeeded', runId: first.runId });
      expect(report.legs).toBeGreaterThan(1);
      const all = { ...files, 'first.txt': 'first' };
      expect(await box.workspace()).toEqual(all);
      expect(kept(await box.cloud())).toEqual(all);
      const history = await world.keys('state', `history/${agent}/`);
      expect(history.filter((key) => key.includes(first.runId))).toHaveLength(1);
      expect(report[up ? 'filesSent' : 'filesReceived']).toBeGreaterThanOrEqual(60);
      // A file in flight when a leg ends may be sent again, and no other.
      expect(sent.length - 60).toBeLessThanOrEqual(16 * (report.legs - 1));
      const next = await box.sync();
      expect(next).toMatchObject({ state: 'succeeded', filesSent: 0, filesReceived: 0 });
    });
  });

  it('a session that begins runs the mode of the agent', async () => {
    const box = new Mailbox(world, 'sessions');
    await box.givenCloud({ 'a.txt': 'a' });
    const bus = output(world.outputs, 'EventBusName');
    const gateway = { ...world.emulator.env, WORKSPACE_SYNC_EVENT_BUS: bus };
    for (const [name, value] of Object.entries(gateway)) vi.stubEnv(name, value);

    tellTheBus({ type: 'agent', action: 'bootstrap', sessionKey: 'agent:sessions:main' });

    const report = await firstReport(world, 'sessions');
    vi.unstubAllEnvs();
    expect(report).toMatchObject({
      trigger: 'session-start',
      state: 'succeeded',
      filesReceived: 1,
    });
    expect(await box.workspace()).toEqual({ 'a.txt': 'a' });
  });

  it('says what it could not bring over, and never that all is well', async () => {
    const box = new Mailbox(world, 'clashes');
    await box.givenCloud({ 'a.txt': 'a', 'two\nlines.txt': 'odd', 'folder/b.txt': 'b' });
    await box.givenWorkspace({ 'shared/folder': 'a file of that name' });

    const reports = [await box.sync({ confirmDeletes: 1 }), await box.sync()];

    for (const report of reports) {
      const skipped = Object.fromEntries(report.skipped.map(({ path, reason }) => [path, reason]));
      expect(report.state).toBe('partial');
      expect(skipped['two␊lines.txt']).toContain('such as a line break');
    }
    expect(reports.map(({ filesReceived }) => filesReceived)).toEqual([1, 1]);
    expect(await box.workspace()).toEqual({ 'shared/a.txt': 'a', 'shared/folder/b.txt': 'b' });
  });
});

/** Changes files some seconds after they were looked at: WebDAV tells no less than a second. */
async function givenLater(box: Mailbox, files: Record<string, string>): Promise<void> {
  const later = new Date(Date.now() + 10_000);
  await box.givenCloud(files);
  for (const path of Object.keys(files)) await utimes(box.cloudPath(path), later, later);
}

function unique(words: string[]): string[] {
  return [...new Set(words)];
}

function kept(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).filter(([path]) => !path.startsWith('.trash/')));
}

function firstReport(world: World, agent: string): Promise<JobReport> {
  return until(`the end of a run of ${agent}`, async () => {
    const [key] = await world.keys('state', `history/${agent}/`);
    return key !== undefined && (JSON.parse(String(await world.get('state', key))) as JobReport);
  });
}

function lastReport(world: World, { agent, runId }: JobReport): Promise<JobReport> {
  return until(`the last leg of ${runId}`, async () => {
    const keys = await world.keys('state', `history/${agent}/`);
    const key = keys.find((candidate) => candidate.endsWith(`${runId}-sync.json`));
    return key !== undefined && (JSON.parse(String(await world.get('state', key))) as JobReport);
  });
}

/** Has the sync function read one agent's configuration from where a test can change it. */
async function withConfiguration(
  world: World,
  agent: string,
  work: (change: (sync: object) => Promise<void>) => Promise<void>,
): Promise<void> {
  const config = JSON.parse(readFileSync(world.configFile, 'utf8')) as {
    agents: Record<string, { sync: object }>;
  };
  const folder = await mkdtemp(join(tmpdir(), 'workspace-sync-agents-'));
  const { sync, ...rest } = config.agents[agent] ?? { sync: {} };
  const directory = environment.agentsDirectory;
  await changeEnvironment(world, 'sync', (env) => ({ ...env, [directory]: folder }));
  try {
    await work((change) =>
      writeFile(
        join(folder, `${agent}.json`),
        JSON.stringify({ name: agent, ...rest, sync: { ...sync, ...change } }),
      ),
    );
  } finally {
    await changeEnvironment(world, 'sync', without(directory));
    await rm(folder, { recursive: true });
  }
}

function without(name: string): (env: Record<string, string>) => Record<string, string> {
  return (env) => Object.fromEntries(Object.entries(env).filter(([key]) => key !== name));
}
