import { existsSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createHash } from 'node:crypto';
import { output, type World } from '../../local/world.ts';
import tellTheBus from '../../skill/hooks/workspace-sync-session/handler.ts';
import { until } from '../fixtures/until.ts';
import { givenAgents, Mailbox } from './mailbox-world.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Through a real deploy: the real rclone, the real handlers, S3 events and HTTP. */
describe('mailbox mode', () => {
  let world: World;
  beforeAll(async () => {
    world = await givenAgents({
      happy: {},
      sacred: {},
      empty: {},
      shrinking: {},
      edits: {},
      humans: {},
      quiet: { sync: { notifyOnInbox: false } },
      filters: { sync: { exclude: ['*.log', 'node_modules/**'], localPath: 'shared' } },
      settle: { sync: { settle: 2 } },
      nosecret: {},
      large: { sync: { maxDropBytes: 1_000 } },
      first: {},
      swaps: {},
      again: { sync: { settle: 0 } },
      overwrites: { sync: { trash: false } },
      sessions: { sync: { onSessionStart: true } },
      ends: { sync: { onSessionEnd: true } },
    });
  });
  afterAll(() => world.stop());

  it('pushes, makes both mailboxes, drains, and does nothing the second time', async () => {
    const box = new Mailbox(world, 'happy');
    await box.givenWorkspace({ 'a.txt': 'one', 'deep/er/b.txt': 'two', 'empty.bin': '' });

    const first = await box.sync();

    expect(first).toMatchObject({ state: 'succeeded', filesSent: 3, bytesSent: 6, legs: 1 });
    expect(await box.cloud()).toEqual({ 'a.txt': 'one', 'deep/er/b.txt': 'two', 'empty.bin': '' });
    expect(existsSync(box.cloudPath('_outbox'))).toBe(true);
    expect(await world.keys('workspace', 'happy/workspace/_inbox/')).toEqual([
      'happy/workspace/_inbox/',
    ]);

    await box.givenCloud({ '_outbox/a.pdf': 'PDF', '_outbox/sub/b.csv': '1,2' });
    const second = await box.sync();

    expect(second).toMatchObject({
      state: 'succeeded',
      filesSent: 0,
      filesDelivered: 2,
      bytesDelivered: 6,
    });
    expect([...second.delivered].sort()).toEqual(['a.pdf', 'sub/b.csv']);
    expect(await box.inbox()).toEqual({ 'a.pdf': 'PDF', 'sub/b.csv': '1,2' });
    expect(Object.keys(await box.cloud()).filter((path) => path.startsWith('_outbox'))).toEqual([]);
    const receipts = await box.receipts();
    expect(receipts.map(({ name, size, sha256: hash }) => ({ name, size, hash }))).toEqual(
      expect.arrayContaining([
        { name: 'a.pdf', size: 3, hash: sha256('PDF') },
        { name: 'sub/b.csv', size: 3, hash: sha256('1,2') },
      ]),
    );
    await box.expectWebhook('a.pdf');

    const third = await box.sync();

    expect(third).toMatchObject({
      state: 'succeeded',
      filesSent: 0,
      filesDeleted: 0,
      filesDelivered: 0,
    });
    expect(box.webhooks()).toHaveLength(1);
  });

  it('never touches what lies in a mailbox, but pushes a nested _inbox', async () => {
    const box = new Mailbox(world, 'sacred');
    await box.givenWorkspace({
      'kept.txt': 'k',
      'foo/_inbox/x': 'nested',
      '_inbox/unread.txt': 'unread',
      '_outbox/odd.txt': 'odd',
    });
    await box.sync();
    await box.givenCloud({ '_outbox/upload.partial': 'half', '_inbox/theirs.txt': 'theirs' });
    const before = await box.cloud();

    const dry = await box.sync({ dryRun: true });
    await box.removeFromWorkspace('kept.txt');
    await box.givenWorkspace({ 'new.txt': 'n' });
    await box.sync();

    expect(dry.plan?.totals).toMatchObject({ copy: { files: 0 }, delete: { files: 0 } });
    const after = await box.cloud();
    expect(after['foo/_inbox/x']).toBe('nested');
    for (const path of ['_outbox/upload.partial', '_inbox/theirs.txt'])
      expect(after[path]).toBe(before[path]);
    expect(after['_inbox/unread.txt']).toBeUndefined();
    expect(after['_outbox/odd.txt']).toBeUndefined();
    expect(await box.inbox()).toEqual({ 'unread.txt': 'unread' });
    expect(await box.workspace('_outbox/')).toEqual({ 'odd.txt': 'odd' });
  });

  it('is blocked by an empty workspace, until somebody confirms for once', async () => {
    const box = new Mailbox(world, 'empty');
    await box.givenWorkspace({ 'a.txt': 'a', 'b.txt': 'b' });
    await box.sync();
    await box.removeFromWorkspace('a.txt', 'b.txt');
    await box.givenCloud({ '_outbox/still.txt': 'delivered all the same' });

    const blocked = await box.sync();

    expect(blocked).toMatchObject({
      state: 'blocked',
      reason: { code: 'empty-source' },
      filesDeleted: 0,
    });
    expect(blocked.reason?.message).toContain('"confirmDeletes": 2');
    expect(await box.cloud()).toEqual({ 'a.txt': 'a', 'b.txt': 'b' });
    expect(await box.inbox()).toEqual({ 'still.txt': 'delivered all the same' });

    const confirmed = await box.sync({ confirmDeletes: 2 });

    expect(confirmed).toMatchObject({ state: 'succeeded', filesDeleted: 2 });
    expect((await box.sync()).state).toBe('succeeded');
  });

  it('checks the deletes before the first step, and keeps what it deletes in the trash', async () => {
    const box = new Mailbox(world, 'shrinking');
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`f${i}.txt`, `text ${i}`]),
    );
    await box.givenWorkspace(files);
    await box.sync();
    await box.removeFromWorkspace(...Object.keys(files).slice(0, 30));
    await box.givenWorkspace({ 'new.txt': 'not half applied' });
    const before = await box.cloud();

    const blocked = await box.sync();

    expect(blocked).toMatchObject({
      state: 'blocked',
      reason: { code: 'too-many-deletes' },
      filesSent: 0,
    });
    expect(blocked.plan?.totals.delete.files).toBe(30);
    expect(await box.cloud()).toEqual(before);

    await box.givenWorkspace(Object.fromEntries(Object.entries(files).slice(0, 20)));
    const allowed = await box.sync();

    expect(allowed).toMatchObject({ state: 'succeeded', filesDeleted: 10 });
    const cloud = await box.cloud();
    const trashed = Object.keys(cloud).filter((path) => path.startsWith('.trash/'));
    expect(trashed.map((path) => path.slice(path.lastIndexOf('/') + 1)).sort()).toEqual(
      Object.keys(files).slice(20, 30).sort(),
    );
    expect(cloud['new.txt']).toBe('not half applied');
  });

  it('finds a change of equal size and older time, and a file that a person has changed', async () => {
    const box = new Mailbox(world, 'edits');
    await box.givenWorkspace({ 'a.txt': 'aaaa', 'b.txt': 'bbbb', 'c.txt': 'cccc' });
    await box.sync();
    await box.givenWorkspace({ 'a.txt': 'AAAA' });
    await box.givenCloud({ 'b.txt': 'edited by a person' });
    await box.removeFromCloud('c.txt');

    const report = await box.sync();

    expect(report).toMatchObject({ state: 'succeeded', filesSent: 3 });
    const cloud = await box.cloud();
    expect(cloud).toMatchObject({ 'a.txt': 'AAAA', 'b.txt': 'bbbb', 'c.txt': 'cccc' });
    const trashed = Object.entries(cloud).filter(([path]) => path.startsWith('.trash/'));
    expect(trashed.map(([, text]) => text).sort()).toEqual(['aaaa', 'edited by a person']);
    expect((await box.sync()).filesSent).toBe(0);
  });

  it('does not delete what lay in the cloud folder before its first push', async () => {
    const box = new Mailbox(world, 'humans');
    await box.givenCloud({ 'holiday.jpg': 'photo' });
    await box.givenWorkspace({ 'a.txt': 'a' });

    const report = await box.sync();

    expect(report).toMatchObject({ state: 'blocked', reason: { code: 'first-push-deletes' } });
    expect(await box.cloud()).toEqual({ 'holiday.jpg': 'photo' });
  });

  it('says nothing to the agent unless notifyOnInbox is on', async () => {
    const box = new Mailbox(world, 'quiet');
    await box.drop('a.txt', 'a');
    await box.expectDelivered(1);

    expect(await box.receipts()).toHaveLength(1);
    expect(box.webhooks()).toEqual([]);
  });

  it('leaves out what is excluded from the push, not from the mailbox', async () => {
    const box = new Mailbox(world, 'filters');
    await box.givenWorkspace({
      'shared/a.txt': 'a',
      'shared/debug.log': 'log',
      'shared/x/node_modules/i.js': 'js',
      'private.txt': 'not in the synced folder',
    });
    await box.givenCloud({ 'kept.log': 'excluded there too', '_outbox/drop.log': 'a drop' });

    const report = await box.sync();

    expect(report).toMatchObject({ state: 'succeeded', filesSent: 1, filesDelivered: 1 });
    expect(await box.cloud()).toEqual({ 'a.txt': 'a', 'kept.log': 'excluded there too' });
    expect(await box.inbox()).toEqual({ 'drop.log': 'a drop' });
  });

  it('leaves a growing file in _outbox until it has settled', async () => {
    const box = new Mailbox(world, 'settle');
    await box.sync();
    await box.givenCloud({ '_outbox/film.mp4': 'x' });
    let size = 1;
    const growing = setInterval(() => {
      size++;
      void box.givenCloud({ '_outbox/film.mp4': 'x'.repeat(size) });
    }, 200);

    const during = await box.sync();
    clearInterval(growing);

    expect(during.filesDelivered).toBe(0);
    expect(await box.inbox()).toEqual({});
    const after = await box.sync();
    expect(after.filesDelivered).toBe(1);
    expect((await box.inbox())['film.mp4']).toBe('x'.repeat(size));
  });

  it('fails clearly for an agent without its secret, and changes nothing', async () => {
    const { DeleteSecretCommand, SecretsManagerClient } =
      await import('@aws-sdk/client-secrets-manager');
    const secrets = new SecretsManagerClient(world.emulator.client);
    const SecretId = 'workspace-sync/local/nosecret/sync';
    await secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
    const box = new Mailbox(world, 'nosecret');
    await box.givenWorkspace({ 'a.txt': 'a' });

    const report = await box.sync();

    expect(report).toMatchObject({ state: 'failed', reason: { code: 'secret-missing' } });
    expect(report.reason?.message).toContain(
      'aws secretsmanager create-secret --name workspace-sync/local/nosecret/sync',
    );
    expect(existsSync(box.cloudPath(''))).toBe(false);
  });

  it('puts a drop that may not be delivered into quarantine, with a reason', async () => {
    const box = new Mailbox(world, 'large');
    await box.drop('big.bin', 'b'.repeat(1_001));
    await box.givenCloud({ '_outbox/big too.bin': 'c'.repeat(1_002), '_outbox/fits.txt': 'f' });
    const report = await box.sync();
    await box.expectDelivered(1);

    expect(report).toMatchObject({ state: 'partial', filesDelivered: 1, filesQuarantined: 1 });
    const receipts = await box.receipts();
    const put = receipts.filter(({ state }) => state === 'quarantined');
    expect(put.map(({ reason }) => reason).sort()).toEqual([
      'has 1001 bytes; sync.maxDropBytes allows 1000',
      'has 1002 bytes; sync.maxDropBytes allows 1000',
    ]);
    const drop = put.find(({ source }) => source.kind === 'drop');
    expect((await world.get('exchange', drop?.name ?? ''))?.length).toBe(1_001);
    const cloud = put.find(({ source }) => source.kind === 'cloud');
    expect((await box.cloud())[cloud?.name ?? '']).toBe('c'.repeat(1_002));
    expect((await box.sync()).state).toBe('succeeded');
  });

  it('never puts a file in the place of a folder of the cloud', async () => {
    const box = new Mailbox(world, 'swaps');
    await box.givenWorkspace({ 'art/old.txt': 'old', 'kept.txt': 'k' });
    await box.sync();
    await box.givenCloud({
      'art/.DS_Store': 'a person’s',
      '_outbox/growing.part': 'half a drop',
      '.trash/older': 'trash',
    });
    await box.removeFromWorkspace('art/old.txt');
    await box.givenWorkspace({ art: 'a file now', _outbox: 'odd', '.trash': 'odd', _inbox: 'odd' });

    const first = await box.sync();
    const second = await box.sync();

    expect(first).toMatchObject({ state: 'partial', filesDeleted: 1 });
    const reason = 'a folder of that name lies in the cloud folder';
    expect(first.skipped).toContainEqual({ path: 'art', reason });
    const empty = `${reason}, empty or with nothing but what is excluded: remove it there`;
    expect(second.skipped).toContainEqual({ path: 'art', reason: empty });
    const cloud = await box.cloud();
    expect(cloud).toMatchObject({
      'art/.DS_Store': 'a person’s',
      '_outbox/growing.part': 'half a drop',
      '.trash/older': 'trash',
      'kept.txt': 'k',
    });
    expect(Object.values(cloud)).toContain('old');
  });

  it('delivers a drop that is put there again with the same name, size and time', async () => {
    const box = new Mailbox(world, 'again');
    const time = new Date('2026-01-02T03:04:05Z');
    await box.sync();
    await box.givenCloud({ '_outbox/report.pdf': 'AAAA' });
    await utimes(box.cloudPath('_outbox/report.pdf'), time, time);
    await box.sync();
    await box.removeFromWorkspace('_inbox/report.pdf');
    await box.givenCloud({ '_outbox/report.pdf': 'BBBB' });
    await utimes(box.cloudPath('_outbox/report.pdf'), time, time);

    const report = await box.sync();

    expect(report).toMatchObject({ state: 'succeeded', filesDelivered: 1 });
    expect(await box.inbox()).toEqual({ 'report.pdf': 'BBBB' });
    expect(await box.receipts()).toHaveLength(2);
    await box.expectWebhook('report.pdf');
  });

  it('does not overwrite what lay in the cloud folder before its first push', async () => {
    const box = new Mailbox(world, 'overwrites');
    await box.givenCloud({ 'README.md': 'a person wrote this', 'same.md': 'size' });
    await box.givenWorkspace({ 'README.md': 'agent', 'same.md': 'SIZE' });

    const blocked = await box.sync();

    expect(blocked).toMatchObject({ state: 'blocked', reason: { code: 'first-push-deletes' } });
    expect(await box.cloud()).toEqual({ 'README.md': 'a person wrote this', 'same.md': 'size' });

    await box.sync({ confirmDeletes: 1 });

    const kept = Object.values(await box.cloud()).sort();
    expect(kept).toEqual(['SIZE', 'a person wrote this', 'agent', 'size']);
  });

  it('runs when a session of a gateway begins, for who has asked for that', async () => {
    const box = new Mailbox(world, 'sessions');
    await box.givenWorkspace({ 'a.txt': 'a' });
    const bus = output(world.outputs, 'EventBusName');
    const gateway = { ...world.emulator.env, WORKSPACE_SYNC_EVENT_BUS: bus };
    for (const [name, value] of Object.entries(gateway)) vi.stubEnv(name, value);

    tellTheBus({ type: 'agent', action: 'bootstrap', sessionKey: 'agent:sessions:main' });

    const keys = await until('the end of the run', async () => {
      const found = await world.keys('state', 'history/sessions/');
      return found.length > 0 && found;
    });
    vi.unstubAllEnvs();
    const report = JSON.parse(String(await world.get('state', keys[0] ?? ''))) as object;
    expect(report).toMatchObject({ trigger: 'session-start', state: 'succeeded', filesSent: 1 });
    expect(await box.cloud()).toEqual({ 'a.txt': 'a' });

    const sent = (type: string, detail: unknown): Promise<{ error: boolean; payload: unknown }> =>
      world.invoke('sync', { source: 'openclaw.gateway', 'detail-type': type, detail });
    const end = await sent('Session Ended', { agent: 'ends' });
    expect(end.payload).toMatchObject({ trigger: 'session-end', state: 'succeeded' });
    expect((await sent('Session Started', { agent: 'ends' })).payload ?? null).toBeNull();
    expect((await sent('Session Ended', { agent: 'sessions' })).payload ?? null).toBeNull();
    expect(await world.keys('state', 'history/sessions/')).toEqual(keys);
  });

  it('takes no session event of an agent that it does not know, or of nobody', async () => {
    for (const [detail, words] of [
      [{ agent: 'nobody' }, 'There is no agent'],
      ['sessions', 'a session event needs detail'],
    ] as const) {
      const event = { source: 'openclaw.gateway', 'detail-type': 'Session Started', detail };
      const { error, payload } = await world.invoke('sync', event);
      expect(error).toBe(true);
      expect(JSON.stringify(payload)).toContain(words);
    }
  });

  it('runs one at a time', async () => {
    const box = new Mailbox(world, 'first');
    await box.givenWorkspace({ 'a.txt': 'a' });
    await box.givenCloud({ '_outbox/b.txt': 'b' });

    const reports = await Promise.all([box.sync(), box.sync(), box.sync()]);

    const states = reports.map(({ state, reason }) => reason?.code ?? state).sort();
    expect(states.filter((state) => state === 'succeeded').length).toBeGreaterThanOrEqual(1);
    expect(states.every((state) => ['succeeded', 'lease-held'].includes(state))).toBe(true);
    expect(await box.inbox()).toEqual({ 'b.txt': 'b' });
    expect(await box.receipts()).toHaveLength(1);
  });
});
