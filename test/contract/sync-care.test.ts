import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SyncWorld } from '../providers/sync-world.ts';

let world: SyncWorld;
beforeAll(async () => {
  world = await SyncWorld.start('box');
});
afterAll(() => world.close());
beforeEach(() => {
  world.reset();
});

describe('the ingest folder', () => {
  const mirror = { mode: 'mirror', ingest: true };

  it.each(['pull', 'push'] as const)(
    'is left alone by a %s of the whole workspace',
    async (direction) => {
      world.givenCloud({ 'doc.txt': 'doc', 'inbox/theirs.txt': 'theirs' });
      await world.sync(mirror);
      world.givenWorkspace({ 'inbox/result.txt': 'the only copy' });

      const report = await world.sync(mirror, { direction });

      expect(report).toMatchObject({ state: 'succeeded', filesDeleted: 0 });
      expect(world.workspace()).toMatchObject({ 'inbox/result.txt': 'the only copy' });
      expect(world.cloud()).toMatchObject({ 'inbox/theirs.txt': 'theirs' });
    },
  );

  it.each(['/inbox/private/**', 'private/**', '/private/**'])(
    'keeps back what is excluded, from whichever root it is written: %s',
    async (pattern) => {
      world.givenWorkspace({ 'inbox/private/key.txt': 'SECRET', 'inbox/out.txt': 'ok' });

      await world.sync({ ...mirror, exclude: [pattern] });

      expect(world.cloud()).toEqual({ 'inbox/out.txt': 'ok' });
    },
  );

  it('adds only: what has changed since stays as it was, and is named', async () => {
    world.givenWorkspace({ 'inbox/a.txt': 'first' });
    expect(await world.sync(mirror)).toMatchObject({ state: 'succeeded', filesSent: 1 });
    world.givenWorkspace({ 'inbox/a.txt': 'second, longer' });

    const report = await world.sync(mirror);

    expect(report).toMatchObject({ state: 'partial', filesSent: 0, skippedFiles: 1 });
    expect(report.skipped[0]?.reason).toContain('give it another name');
    expect(world.cloud()).toEqual({ 'inbox/a.txt': 'first' });
  });

  it('takes no other content of equal size for its own', async () => {
    world.givenCloud({ 'inbox/same.txt': 'same', 'inbox/other.txt': 'AAAA' });
    world.givenWorkspace({ 'inbox/same.txt': 'same', 'inbox/other.txt': 'BBBB' });

    const report = await world.sync(mirror);

    expect(report.skipped.map(({ path }) => path)).toEqual(['other.txt']);
    expect(world.cloud()).toEqual({ 'inbox/same.txt': 'same', 'inbox/other.txt': 'AAAA' });
  });
});

describe('an exclude', () => {
  it('that ends in a space keeps back what it names in a bulk copy, too', async () => {
    const many: [string, string][] = Array.from({ length: 500 }, (_, index) => [
      `many/${index}.txt`,
      '',
    ]);
    world.givenWorkspace({ ...Object.fromEntries(many), 'secret ': 'SECRET', secret: 'open' });

    const report = await world.sync({ mode: 'mailbox', exclude: ['secret '] });

    expect(report).toMatchObject({ state: 'succeeded', filesSent: 501 });
    const cloud = Object.values(world.cloud());
    expect(cloud).toContain('open');
    expect(cloud).not.toContain('SECRET');
  });
});

describe('a first push', () => {
  const mailbox = { mode: 'mailbox', trash: false };

  it('that is blocked has made nothing, not even a mailbox', async () => {
    world.givenCloud({ 'holiday.jpg': 'photo' });
    world.givenWorkspace({ 'a.txt': 'a' });
    world.world.provider.requests.length = 0;

    expect(await world.sync(mailbox)).toMatchObject({ reason: { code: 'first-push-deletes' } });

    const writes = world.world.provider.requests.filter(
      ({ operation }) => !['list', 'stat', 'account', 'token', 'download'].includes(operation),
    );
    expect(writes).toEqual([]);
  });

  it('keeps what it deletes though the trash is off, also where a later run comes to it', async () => {
    world.givenCloud({ 'holiday.jpg': 'photo' });
    world.givenWorkspace({ 'a.txt': 'a', 'thumbs.db': 'refused' });
    world.world.provider.trouble({
      on: 'upload',
      path: 'Agent/thumbs.db',
      fault: 'name-refused',
      times: Infinity,
    });
    const first = await world.sync(mailbox, { confirmDeletes: 1 });
    expect(first).toMatchObject({ state: 'partial', filesDeleted: 0 });

    world.removeFromWorkspace('thumbs.db');

    const second = await world.sync(mailbox);

    expect(second).toMatchObject({ state: 'succeeded', filesDeleted: 1 });
    const kept = Object.entries(world.cloud()).filter(([path]) => path.startsWith('.trash/'));
    expect(kept.map(([, text]) => text)).toEqual(['photo']);
  });
});

describe('a leg that is asked for again after its run is over', () => {
  it('does nothing: somebody may have undone since what it did', async () => {
    world.givenCloud({ 'a.txt': 'a' });
    const run = { ...world.progress(), leg: 2 };
    await world.sync({ mode: 'mirror' });
    world.givenWorkspace({ 'mine.txt': 'mine' });

    const report = await world.sync({ mode: 'mirror' }, { run, confirmDeletes: 9 });

    expect(report).toMatchObject({ state: 'failed', reason: { code: 'overtaken' } });
    expect(world.workspace()).toMatchObject({ 'mine.txt': 'mine' });
  });
});

describe('the account of what the cloud folder has now', () => {
  it('names what was copied where to, which is another thing with another filter', async () => {
    world.givenWorkspace({ 'a.txt': 'a' });
    const first = await world.sync({ mode: 'mailbox' });
    const same = await world.sync({ mode: 'mailbox' });
    world.reset();
    const other = await world.sync({ mode: 'mailbox', exclude: ['*.log'] });
    expect(first).toMatchObject({ state: 'succeeded', pushed: 'all' });
    expect(same.pushedTo).toBe(first.pushedTo);
    expect(other.pushedTo).toMatch(/^[0-9a-f]{32}$/);
    expect(other.pushedTo).not.toBe(first.pushedTo);
  });

  it('says nothing of what was pulled', async () => {
    world.givenCloud({ 'a.txt': 'a' });
    const report = await world.sync({ mode: 'mirror' });
    expect(report.state).toBe('succeeded');
    expect(report).not.toHaveProperty('pushedTo');
  });
});
