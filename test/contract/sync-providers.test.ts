import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JobReport } from '../../functions/shared/contract/index.ts';
import { SyncWorld } from '../providers/sync-world.ts';

const kinds = ['dropbox', 'onedrive', 'drive', 'box'] as const;

describe.each(kinds)('a whole run with %s', (kind) => {
  let world: SyncWorld;
  beforeAll(async () => {
    world = await SyncWorld.start(kind);
  });
  afterAll(() => world.close());
  beforeEach(() => {
    world.reset();
  });

  it('pushes, delivers, and then has nothing to do, in mode mailbox', async () => {
    world.givenWorkspace({ 'a.txt': 'a', 'notes/ä b.txt': 'b' });
    await expectDone({ mode: 'mailbox' }, { filesSent: 2 });
    world.givenCloud({ '_outbox/drop.pdf': 'PDF' });
    world.givenWorkspace({ 'a.txt': 'A' });

    await expectDone({ mode: 'mailbox' }, { filesSent: 1, filesDelivered: 1 });

    expect(world.workspace()).toMatchObject({ '_inbox/drop.pdf': 'PDF' });
    expect(world.cloud()).toMatchObject({ 'a.txt': 'A', 'notes/ä b.txt': 'b' });
    expect(world.cloud()['_outbox/drop.pdf']).toBeUndefined();
    await expectDone({ mode: 'mailbox' }, { filesSent: 0, filesDelivered: 0 });
  });

  it('pulls what is new, changed and gone, in mode mirror', async () => {
    world.givenCloud({ 'a.txt': 'a', 'b/c.txt': 'c', '_outbox/mine.txt': 'stays' });
    world.givenWorkspace({ '_inbox/unread.txt': 'stays' });
    await expectDone({ mode: 'mirror' }, { filesReceived: 2 });
    world.givenCloud({ 'a.txt': 'AA', 'new.txt': 'new' });
    const before = world.cloud();

    await expectDone({ mode: 'mirror' }, { filesReceived: 2 });

    expect(world.workspace()).toMatchObject({
      'a.txt': 'AA',
      'b/c.txt': 'c',
      'new.txt': 'new',
      '_inbox/unread.txt': 'stays',
    });
    expect(world.cloud()).toEqual(before);
    await expectDone({ mode: 'mirror' }, { filesReceived: 0 });
  });

  it('carries both ways, in mode bisync', async () => {
    world.givenCloud({ 'theirs.txt': 'theirs', 'both.txt': 'both' });
    world.givenWorkspace({ 'ours.txt': 'ours', 'both.txt': 'both' });
    expect(await world.sync({ mode: 'bisync' })).toMatchObject({
      state: 'blocked',
      reason: { code: 'needs-resync' },
    });
    await expectDone({ mode: 'bisync' }, {}, { resync: true });
    world.givenCloud({ 'theirs.txt': 'THEIRS!' });
    world.givenWorkspace({ 'ours.txt': 'OURS!' });

    await expectDone({ mode: 'bisync' }, { filesSent: 1, filesReceived: 1, conflicts: 0 });

    const files = { 'both.txt': 'both', 'ours.txt': 'OURS!', 'theirs.txt': 'THEIRS!' };
    expect(world.cloud()).toMatchObject(files);
    expect(world.workspace()).toMatchObject(files);
    await expectDone({ mode: 'bisync' }, { filesSent: 0, filesReceived: 0, conflicts: 0 });
  });

  async function expectDone(
    settings: object,
    counts: Partial<JobReport>,
    request: Parameters<SyncWorld['sync']>[1] = {},
  ): Promise<void> {
    const report = await world.sync(settings, request);
    expect(report).toMatchObject({ state: 'succeeded', skipped: [], ...counts });
  }
});

describe('trouble at a provider', () => {
  const mailbox = { mode: 'mailbox' };
  let world: SyncWorld;
  beforeAll(async () => {
    world = await SyncWorld.start('dropbox');
  });
  afterAll(() => world.close());
  beforeEach(() => {
    world.reset();
    world.givenWorkspace({ 'a.txt': 'a', 'b.txt': 'b' });
  });

  it('of an account that is full makes a run partial, and says what to do', async () => {
    world.world.provider.trouble({ on: 'upload', fault: 'quota-full', times: Infinity });

    const report = await world.sync(mailbox);

    expect(report).toMatchObject({
      state: 'partial',
      reason: { code: 'quota-full' },
      filesSent: 0,
    });
    expect(report.skipped.map(({ path }) => path).sort()).toEqual(['a.txt', 'b.txt']);
  });

  it('of an account that is full is said in mode bisync, too', async () => {
    await world.sync({ mode: 'bisync' }, { resync: true });
    world.givenWorkspace({ 'c.txt': 'c', 'd.txt': 'd' });
    world.world.provider.trouble({ on: 'upload', fault: 'quota-full', times: Infinity });

    const report = await world.sync({ mode: 'bisync' });

    expect(report).toMatchObject({ state: 'partial', reason: { code: 'quota-full' } });
    expect(report.skipped.map(({ path }) => path).sort()).toEqual(['c.txt', 'd.txt']);
  });

  it('of an account that is full is said of an ingest, too', async () => {
    const mirror = { mode: 'mirror', ingest: true };
    world.givenCloud({ 'a.txt': 'a', 'b.txt': 'b' });
    world.givenWorkspace({ 'inbox/c.txt': 'c' });
    world.world.provider.trouble({ on: 'upload', fault: 'quota-full', times: Infinity });

    const report = await world.sync(mirror);

    expect(report).toMatchObject({ state: 'partial', reason: { code: 'quota-full' } });
  });

  it('with one name leaves the others alone, and names the file', async () => {
    world.world.provider.trouble({
      path: 'Agent/a.txt',
      on: 'upload',
      fault: 'name-refused',
      times: Infinity,
    });

    const report = await world.sync(mailbox);

    expect(report).toMatchObject({ state: 'partial', reason: { code: 'files-skipped' } });
    expect(report.skipped).toEqual([
      { path: 'a.txt', reason: expect.stringContaining('"a.txt"') as string },
    ]);
    expect(world.cloud()).toMatchObject({ 'b.txt': 'b' });
  });

  it('that wants five minutes of peace ends the run at once, and the next one goes on', async () => {
    world.world.provider.trouble({ on: 'upload', fault: 'rate-limited', retryAfter: 300 });

    const report = await world.sync(mailbox);
    const next = await world.sync(mailbox);

    expect(report).toMatchObject({ state: 'failed', reason: { code: 'rate-limited' } });
    expect(report.reason?.message).toContain('300 s');
    expect(next.state).toBe('succeeded');
    expect(world.cloud()).toMatchObject({ 'a.txt': 'a', 'b.txt': 'b' });
  });

  it('that wants it while it is listed ends the run the same way', async () => {
    world.world.provider.trouble({ on: 'list', fault: 'rate-limited', retryAfter: 300 });

    expect(await world.sync(mailbox)).toMatchObject({
      state: 'failed',
      reason: { code: 'rclone-rate-limited' },
    });
  });

  it('with a folder that is named and not known touches nothing below it, on either side', async () => {
    const files = { 'ghost/one.txt': '1', 'real/two.txt': '2' };
    world.givenWorkspace(files);
    expect((await world.sync(mailbox)).state).toBe('succeeded');
    world.world.rclone.write({
      'workspace/ghost/one.txt': 'edited',
      'workspace/real/two.txt': 'II',
    });
    world.world.provider.trouble({
      on: 'list',
      path: 'Agent/ghost',
      fault: 'not-found',
      times: Infinity,
    });

    const report = await world.sync(mailbox);

    expect(report.state).toBe('partial');
    expect(report.skipped.map(({ path }) => path)).toEqual(['ghost']);
    expect(world.cloud()).toMatchObject({ 'ghost/one.txt': '1', 'real/two.txt': 'II' });
  });

  it('with names that differ in case keeps what is there, and says PARTIAL', async () => {
    world.givenWorkspace({ 'A.TXT': 'other' });

    const report = await world.sync(mailbox);

    expect(report).toMatchObject({ state: 'partial', filesSent: 2, skippedFiles: 1 });
    expect(report.skipped[0]?.reason).toContain('rename one of them');
    expect(Object.values(world.workspace()).sort()).toEqual(['a', 'b', 'other']);
  });

  it('that has revoked the token says how to connect again', async () => {
    world.token = world.world.provider.token({ expired: true });
    world.world.provider.oauth.revoke();
    world.world.provider.oauth.expireAccess();

    const report = await world.sync(mailbox);

    expect(report).toMatchObject({ state: 'failed', reason: { code: 'rclone-unauthorized' } });
    expect(report.reason?.message).toContain('rclone authorize dropbox');
  });
});

describe('a provider that takes _OUTBOX for _outbox', () => {
  let world: SyncWorld;
  beforeAll(async () => {
    world = await SyncWorld.start('onedrive');
  });
  afterAll(() => world.close());

  it('makes no drops of what the agent keeps under that name', async () => {
    const many: [string, string][] = Array.from({ length: 500 }, (_, index) => [
      `many/${index}.txt`,
      '',
    ]);
    world.givenWorkspace({ ...Object.fromEntries(many), '_OUTBOX/own.txt': 'own' });
    world.givenCloud({ '_Outbox/drop.txt': 'drop' });

    const report = await world.sync({ mode: 'mailbox' });

    expect(report).toMatchObject({ state: 'succeeded', filesSent: 500, filesDelivered: 1 });
    expect(world.workspace()).toMatchObject({
      '_inbox/drop.txt': 'drop',
      '_OUTBOX/own.txt': 'own',
    });
    expect(Object.keys(world.cloud()).filter((path) => /outbox/i.test(path))).toEqual([]);
  });
});
