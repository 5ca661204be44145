import { utimesSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BucketWorld } from '../fixtures/bucket-world.ts';

let world: BucketWorld;
beforeAll(async () => {
  world = await BucketWorld.start();
});
afterAll(() => world.close());
beforeEach(() => world.reset());

const bisync = { mode: 'bisync', trash: false };

async function givenInStep(files: Record<string, string>): Promise<void> {
  await world.givenWorkspace(files);
  await world.sync(bisync, { resync: true });
  // bisync knows the second of an object only: what is changed now has another.
  await sleep(1_100);
}

/** Edited by a person, some seconds from now. */
function givenEdited(path: string, text: string): void {
  world.givenCloud({ [path]: text });
  const later = new Date(Date.now() + 20_000);
  utimesSync(world.cloudPath(path), later, later);
}

describe('two changes of equal size, of which S3 has one without an MD5', () => {
  const agents = '[x] one [ ] two';
  const persons = '[ ] one [x] two';

  beforeEach(() => givenInStep({ 'todo.md': '[ ] one [ ] two', 'x.md': 'x' }));

  it.each([
    ['newer', persons, agents],
    ['local', agents, persons],
  ])('are a conflict, for %s too', async (conflictResolve, winner, loser) => {
    await world.givenUploadedInParts('todo.md', agents);
    givenEdited('todo.md', persons);

    const report = await world.sync({ ...bisync, conflictResolve });

    expect(report).toMatchObject({ state: 'succeeded', conflicts: 1, filesDeleted: 0 });
    const both = { 'todo.md': winner, 'todo.md.conflict1': loser, 'x.md': 'x' };
    expect(await world.workspace()).toEqual(both);
    expect(world.cloud()).toEqual(both);
    const next = await world.sync(bisync);
    expect(next).toMatchObject({ filesSent: 0, filesReceived: 0, conflicts: 0 });
  });

  it('are a conflict in a dry run', async () => {
    await world.givenUploadedInParts('todo.md', agents);
    givenEdited('todo.md', persons);

    const { plan } = await world.sync(bisync, { dryRun: true });

    expect(plan?.conflict).toEqual([{ path: 'todo.md', bytes: persons.length, side: 'cloud' }]);
    expect(await world.workspace()).toEqual({ 'todo.md': agents, 'x.md': 'x' });
  });

  it('are none where both are the same', async () => {
    await world.givenUploadedInParts('todo.md', agents);
    givenEdited('todo.md', agents);

    expect(await world.sync(bisync)).toMatchObject({ state: 'succeeded', conflicts: 0 });
    expect(Object.keys(world.cloud())).toEqual(['todo.md', 'x.md']);
  });
});

it.each([
  ['/report.md', 'report.md'],
  ['notes/', 'notes'],
  ['a//b.md', 'a/b.md'],
])('names the key %j, which is no path, and leaves its neighbour alone', async (stray, name) => {
  await givenInStep({ [name]: 'in step', 'x.md': 'x' });
  await world.givenWorkspace({ [stray]: 'stray' });

  const first = await world.sync(bisync);
  const second = await world.sync(bisync);

  for (const { skipped } of [first, second]) {
    expect(skipped.map(({ path }) => path)).toContain(stray);
  }
  expect(await world.workspace()).toEqual({ [name]: 'in step', 'x.md': 'x', [stray]: 'stray' });
  expect(world.cloud()).toEqual({ [name]: 'in step', 'x.md': 'x' });
});
