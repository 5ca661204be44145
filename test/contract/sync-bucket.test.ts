import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BucketWorld } from '../fixtures/bucket-world.ts';

let world: BucketWorld;
beforeAll(async () => {
  world = await BucketWorld.start();
});
afterAll(() => world.close());
beforeEach(() => world.reset());

const mirror = { mode: 'mirror' };
const mailbox = { mode: 'mailbox' };

describe('a key that is no path', () => {
  it.each([
    ['two slashes', '/report.md', 'report.md'],
    ['a slash at its end', 'report.md/', 'report.md'],
    ['two slashes before a mailbox', '/_inbox/unread.pdf', '_inbox/unread.pdf'],
    ['two slashes before what is excluded', '/.git/config', '.git/config'],
  ])('with %s costs no other file anything', async (_, stray, neighbour) => {
    const settings = { ...mirror, exclude: ['/.git/**'] };
    world.givenCloud({ 'report.md': 'from the cloud' });
    await world.sync(settings);
    await world.givenWorkspace({ [stray]: 'stray' });
    if (neighbour !== 'report.md') await world.givenWorkspace({ [neighbour]: 'mine' });
    const before = await world.workspace();

    const report = await world.sync(settings);

    expect(await world.workspace()).toEqual(before);
    expect(report).toMatchObject({ state: 'partial', filesDeleted: 0 });
    expect(report.skipped.map(({ path }) => path)).toEqual([stray]);
  });
});

describe('a name with a control character', () => {
  it.each(['tab\there.txt', 'two\nlines.txt', 'delete\u007f.txt', 'picture \u240a.txt'])(
    'is pushed once, and stays: %j',
    async (name) => {
      await world.givenWorkspace({ [name]: 'text' });
      expect(await world.sync(mailbox)).toMatchObject({ state: 'succeeded', filesSent: 1 });

      const report = await world.sync(mailbox);

      expect(report).toMatchObject({ state: 'succeeded', filesSent: 0, filesDeleted: 0 });
      expect(world.cloud()).toEqual({ [name]: 'text' });
    },
  );

  it('is named where rclone cannot find it', async () => {
    await world.givenWorkspace({ 'It\u201bs mine': 'text' });

    const report = await world.sync(mailbox);

    expect(report).toMatchObject({ state: 'partial', filesSent: 0 });
    expect(report.skipped[0]?.reason).toContain('does not find it by its name');
  });
});
