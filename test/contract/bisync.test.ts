import { mkdirSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { stateKeys } from '../../functions/shared/contract/index.ts';
import { RcloneError } from '../../functions/shared/rclone/session.ts';
import { StaleLeaseError } from '../../functions/shared/state/lease.ts';
import { BisyncWorld } from '../unit/bisync/world.ts';

const world = new BisyncWorld();
afterAll(() => {
  world.remove();
});
beforeEach(() => {
  world.reset();
});

const files = { 'a.txt': 'one', 'b.txt': 'two', 'sub/c.txt': 'three', 'd.txt': 'four' };

function remove(...paths: string[]): void {
  for (const path of paths) rmSync(join(world.root, path));
}

/** Sets a file's time, in seconds from now. */
function age(path: string, seconds: number): void {
  const time = new Date(Date.now() + seconds * 1_000);
  utimesSync(join(world.root, path), time, time);
}

function expectSame(expected: Record<string, string>): void {
  expect(world.both()).toEqual({ workspace: expected, cloud: expected });
}

describe('a run in step', () => {
  it('carries what is new, changed and deleted on either side, and then has nothing to do', async () => {
    await world.inStep(files);
    world.write({ 'workspace/new.txt': 'n', 'cloud/a.txt': 'changed', 'cloud/m/n.txt': 'deep' });
    remove('workspace/b.txt', 'cloud/d.txt');

    const result = await world.run();

    expectSame({ 'a.txt': 'changed', 'sub/c.txt': 'three', 'new.txt': 'n', 'm/n.txt': 'deep' });
    expect(result).toMatchObject({
      filesSent: 1,
      bytesSent: 1,
      filesReceived: 2,
      bytesReceived: 11,
      filesDeleted: 2,
      conflicts: 0,
      skipped: [],
      timeUp: false,
    });
    expect(await world.run()).toMatchObject({ filesSent: 0, filesReceived: 0, filesDeleted: 0 });
  });

  it('says in a dry run what it would do, and changes nothing, not even what it remembers', async () => {
    await world.inStep(files);
    world.write({
      'workspace/new.txt': 'n',
      'cloud/a.txt': 'changed',
      'workspace/sub/c.txt': 'ws',
    });
    world.write({ 'cloud/sub/c.txt': 'cloud' });
    remove('workspace/b.txt');
    const before = { both: world.both(), state: world.remembered() };

    const { plan, ...counts } = await world.run({ dryRun: true, conflictResolve: 'remote' });

    expect(plan).toMatchObject({
      copy: [{ path: 'new.txt', bytes: 1, side: 'cloud' }],
      update: [{ path: 'a.txt', bytes: 7, side: 'workspace' }],
      delete: [{ path: 'b.txt', bytes: 3, side: 'cloud' }],
      conflict: [{ path: 'sub/c.txt', bytes: 5, side: 'cloud' }],
    });
    expect(counts).toMatchObject({ filesSent: 0, filesReceived: 0, filesDeleted: 0 });
    expect({ both: world.both(), state: world.remembered() }).toEqual(before);
  });

  it('keeps what it deletes and overwrites in the trash of that side', async () => {
    await world.inStep(files);
    world.trash = '.trash/20261122/run';
    world.write({ 'workspace/a.txt': 'changed' });
    remove('cloud/b.txt');

    await world.run();

    const { workspace, cloud } = world.both();
    expect(workspace['.trash/20261122/run/b.txt']).toBe('two');
    expect(cloud['.trash/20261122/run/a.txt']).toBe('one');
    expect(await world.run()).toMatchObject({ filesSent: 0, filesReceived: 0 });
  });

  it('leaves the mailboxes of both sides alone', async () => {
    world.write({ 'workspace/_inbox/unread': 'i', 'cloud/_outbox/drop': 'o' });
    await world.inStep(files);
    world.write({ 'workspace/_outbox/x': '1', 'cloud/_inbox/y': '2', 'workspace/n/_inbox/z': '3' });

    await world.run();

    const { workspace, cloud } = world.both();
    expect(workspace).toEqual({
      ...files,
      '_inbox/unread': 'i',
      '_outbox/x': '1',
      'n/_inbox/z': '3',
    });
    expect(cloud).toEqual({ ...files, '_outbox/drop': 'o', '_inbox/y': '2', 'n/_inbox/z': '3' });
  });
});

describe('a conflict', () => {
  it.each([
    ['local', 'agent'],
    ['remote', 'person'],
    ['newer', 'person'],
  ] as const)(
    'is resolved for %s: the winner stays, the loser is beside it',
    async (rule, winner) => {
      await world.inStep(files);
      world.write({ 'workspace/a.txt': 'agent', 'cloud/a.txt': 'person' });
      age('workspace/a.txt', 10);
      age('cloud/a.txt', 20);

      const result = await world.run({ conflictResolve: rule });

      const loser = winner === 'agent' ? 'person' : 'agent';
      expectSame({ ...files, 'a.txt': winner, 'a.txt.conflict1': loser });
      expect(result.conflicts).toBe(1);
      expect(await world.run()).toMatchObject({ filesSent: 0, filesReceived: 0, conflicts: 0 });
    },
  );

  it('is none where both sides have made the same change', async () => {
    await world.inStep(files);
    world.write({ 'workspace/a.txt': 'same', 'cloud/a.txt': 'same' });
    age('workspace/a.txt', 10);
    age('cloud/a.txt', 20);

    expect(await world.run()).toMatchObject({ conflicts: 0 });
    expectSame({ ...files, 'a.txt': 'same' });
  });

  it('keeps a file that one side has changed and the other deleted', async () => {
    await world.inStep(files);
    world.write({ 'workspace/a.txt': 'changed' });
    remove('cloud/a.txt');

    await world.run();

    expectSame({ ...files, 'a.txt': 'changed' });
  });
});

describe('what is remembered', () => {
  it.each([
    ['nothing is', (): Promise<void> => world.store.delete(stateKeys.bisync('anna')), {}],
    ['it is of another pair', (): void => undefined, { binding: 'other' }],
    ['the excludes were others', (): number => world.exclude.push('*.log'), {}],
    [
      'it cannot be read',
      (): Promise<unknown> => world.store.put(stateKeys.bisync('anna'), Buffer.from('junk')),
      {},
    ],
  ] as const)('stops the run when %s, and says how to go on', async (_, harm, order) => {
    await world.inStep(files);
    world.write({ 'workspace/new.txt': 'n' });
    remove('cloud/a.txt');
    const before = world.both();
    const exclude = [...world.exclude];
    await harm();

    const { blocked } = await world.run(order);

    world.exclude = exclude;
    expect(blocked?.code).toBe('needs-resync');
    expect(blocked?.message).toContain('{"agent":"anna","resync":true,"dryRun":true}');
    expect(blocked?.message).toContain('{"agent":"anna","resync":true}');
    expect(world.both()).toEqual(before);
  });

  it('is replaced by a resync, which joins both sides', async () => {
    world.write({ 'workspace/a.txt': 'agent', 'cloud/a.txt': 'person', 'cloud/p.txt': 'p' });
    world.write({ 'workspace/w.txt': 'w' });

    const plan = await world.run({ resync: true, dryRun: true, conflictResolve: 'local' });
    expect(plan.plan).toMatchObject({
      copy: [
        { path: 'p.txt', side: 'workspace' },
        { path: 'w.txt', side: 'cloud' },
      ],
      update: [{ path: 'a.txt', bytes: 5, side: 'cloud' }],
    });
    expect(world.remembered()).toBeUndefined();
    expect(world.read('cloud')['a.txt']).toBe('person');

    await world.run({ resync: true, conflictResolve: 'local' });
    expectSame({ 'a.txt': 'agent', 'p.txt': 'p', 'w.txt': 'w' });
    expect(await world.run()).toMatchObject({ filesSent: 0, filesReceived: 0 });
  });
});

const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}`, `text ${i}`]));

describe('deletes', () => {
  const limits = { maxDeletePercent: 10, maxDeleteFiles: 2, confirmDeletes: undefined };

  it('are blocked above the limit, before anything is changed', async () => {
    await world.inStep(many);
    remove('workspace/f1', 'workspace/f2', 'workspace/f3', 'workspace/f4');
    world.write({ 'workspace/new': 'n' });
    const cloud = world.read('cloud');

    const { blocked, plan } = await world.run({ limits });

    expect(blocked?.code).toBe('too-many-deletes');
    expect(blocked?.message).toContain('4 of 30 files (13 %) in the cloud folder');
    expect(blocked?.message).toContain('"confirmDeletes": 4');
    expect(plan.totals.delete.files).toBe(4);
    expect(world.read('cloud')).toEqual(cloud);
  });

  it('go through once they are confirmed, or under the limit', async () => {
    await world.inStep(many);
    remove('cloud/f1', 'cloud/f2', 'cloud/f3', 'cloud/f4');
    expect(await world.run({ limits: { ...limits, confirmDeletes: 4 } })).toMatchObject({
      filesDeleted: 4,
    });
    remove('cloud/f5', 'cloud/f6');
    expect(await world.run({ limits })).toMatchObject({ filesDeleted: 2 });
    expect(Object.keys(world.read('workspace'))).toHaveLength(24);
  });

  it('are blocked when a side is empty, though it may just be the wrong folder', async () => {
    await world.inStep(files);
    remove(...Object.keys(files).map((path) => `workspace/${path}`));

    const { blocked, plan } = await world.run();

    expect(blocked?.code).toBe('empty-source');
    expect(blocked?.message).toContain('"confirmDeletes": 4');
    expect(plan.totals.delete.files).toBe(4);
    expect(world.read('cloud')).toEqual(files);
  });

  it('empty a side once that is confirmed, and both sides go on from there', async () => {
    await world.inStep(files);
    remove(...Object.keys(files).map((path) => `workspace/${path}`));

    await world.run({ limits: { ...limits, confirmDeletes: 4 } });
    expectSame({});
    world.write({ 'cloud/first.txt': '1' });
    await world.run({ limits });

    expectSame({ 'first.txt': '1' });
  });

  it('are counted again where every file was changed: what goes after the look is not passed on', async () => {
    await world.inStep(many);
    for (const name of Object.keys(many)) world.write({ [`workspace/${name}`]: `changed ${name}` });
    const vanishing = Object.keys(many).slice(0, 25);
    world.beforeBisync = (number) => {
      if (number === 3) remove(...vanishing.map((name) => `workspace/${name}`));
    };

    await expect(world.run()).rejects.toThrow(/too many deletes/);

    world.beforeBisync = undefined;
    expect(Object.keys(world.read('cloud')).sort()).toEqual(Object.keys(many).sort());
    expect((await world.run()).blocked?.code).toBe('too-many-deletes');
  });

  it('are none where every file was changed', async () => {
    await world.inStep({ 'only.txt': 'one' });
    world.write({ 'workspace/only.txt': 'two' });

    expect(await world.run()).toMatchObject({ filesSent: 1 });
    expectSame({ 'only.txt': 'two' });
    // Its time alone tells that it is another one: forgotten, the next change were a conflict.
    world.write({ 'cloud/only.txt': 'six' });
    expect(await world.run()).toMatchObject({ filesSent: 0, filesReceived: 1, conflicts: 0 });
    expectSame({ 'only.txt': 'six' });
  });
});

it('begins with two empty sides', async () => {
  await world.inStep({});
  expect(await world.run()).toMatchObject({ filesSent: 0, filesReceived: 0 });
  world.write({ 'cloud/first.txt': '1' });

  await world.run();

  expectSame({ 'first.txt': '1' });
});

describe('markers', () => {
  it('stop the run where a side lacks them; a resync makes them', async () => {
    await world.inStep(files);
    world.write({ 'workspace/new.txt': 'n' });
    const before = world.both();

    const { blocked } = await world.run({ checkAccess: true });
    expect(blocked?.code).toBe('check-access');
    expect(world.both()).toEqual(before);

    await world.run({ checkAccess: true, resync: true });
    expect(Object.keys(world.read('cloud'))).toContain('RCLONE_TEST');
    world.write({ 'workspace/more.txt': 'm' });
    expect(await world.run({ checkAccess: true })).toMatchObject({ filesSent: 1 });
  });
});

it('leaves out a file that cannot be copied, says so, and carries the rest both ways', async () => {
  await world.inStep(files);
  world.write({ 'workspace/clash': 'a file', 'cloud/clash/inner.txt': 'in a folder' });
  world.write({ 'workspace/here.txt': 'h', 'cloud/there.txt': 't' });
  remove('workspace/b.txt');

  const result = await world.run();

  expect(result.skipped.map(({ path }) => path).sort()).toEqual(['clash', 'clash/inner.txt']);
  expect(result.skipped[0]?.reason).toMatch(/clash/);
  const { workspace, cloud } = world.both();
  expect(workspace).toMatchObject({ 'there.txt': 't', clash: 'a file' });
  expect(cloud).toMatchObject({ 'here.txt': 'h', 'clash/inner.txt': 'in a folder' });
  expect(cloud).not.toHaveProperty(['b.txt']);
  expect(await world.run()).toMatchObject({ filesSent: 0, filesReceived: 0, conflicts: 0 });
});

it('fails where a later attempt fails as a whole: what it was to do is not done', async () => {
  await world.inStep(files);
  world.write({ 'workspace/clash': 'a file', 'cloud/clash/inner.txt': 'in a folder' });
  world.write({ 'workspace/here.txt': 'h' });
  const away = `${world.cloudFolder}-away`;
  world.beforeBisync = (number) => {
    if (number === 2) renameSync(world.cloudFolder, away);
  };

  const end = await world.run().catch((error: unknown) => error);

  world.beforeBisync = undefined;
  rmSync(world.cloudFolder, { recursive: true, force: true });
  renameSync(away, world.cloudFolder);
  expect(end).toBeInstanceOf(RcloneError);
});

it('puts into another trash what a later attempt replaces', async () => {
  await world.inStep(files);
  world.trash = '.trash/run';
  world.write({ 'workspace/clash': 'a file', 'cloud/clash/inner.txt': 'in a folder' });
  world.write({ 'cloud/a.txt': 'by a person' });
  world.beforeBisync = (number) => {
    if (number === 2) world.write({ 'cloud/a.txt': 'by a person, again' });
  };

  await world.run();

  world.beforeBisync = undefined;
  expect(world.read('workspace')).toMatchObject({
    'a.txt': 'by a person, again',
    '.trash/run/a.txt': 'one',
    '.trash/run-attempt-2/a.txt': 'by a person',
  });
});

it('leaves out a conflict whose name has no room for another, and carries the rest', async () => {
  const long = 'n'.repeat(250);
  await world.inStep({ ...files, [long]: 'long' });
  world.write({ [`workspace/${long}`]: 'agent', [`cloud/${long}`]: 'person' });
  world.write({ 'workspace/here.txt': 'h', 'cloud/there.txt': 't' });

  const { skipped } = await world.run();

  expect(skipped).toMatchObject([
    { path: long, reason: expect.stringContaining('shorter name') as string },
  ]);
  const { workspace, cloud } = world.both();
  expect(workspace).toMatchObject({ [long]: 'agent', 'there.txt': 't' });
  expect(cloud).toMatchObject({ [long]: 'person', 'here.txt': 'h' });
});

it('carries no half of a file that a killed leg has left', async () => {
  const half = 'g.f8ec90b7.partial';
  await world.inStep(files);
  world.write({ [`cloud/${half}`]: 'hal', 'cloud/g.partial': 'a name of its own' });

  await world.run();

  expect(world.read('workspace')).toEqual({ ...files, 'g.partial': 'a name of its own' });
  expect(world.read('cloud')[half]).toBe('hal');
});

const oddNames = [
  ' lead',
  '"quoted"',
  'tab\tname',
  'back\\slash',
  '*.txt',
  '[a]{b}',
  '# hash',
  '- Path1',
  'é',
  '😀.txt',
  'File is new - x',
  '`tick`',
  "it's",
  'Files are equal! Skipping: x',
  'ends ',
];

it('carries names that mean something to a log or a pattern', async () => {
  await world.inStep(files);
  const odd = Object.fromEntries(oddNames.map((name) => [`cloud/odd/${name}`, name]));
  world.write(odd);

  const { plan } = await world.run({ dryRun: true });
  // rclone shows a control character as its picture, here and everywhere.
  const shown = oddNames.map((name) => `odd/${name.replace('\t', '␉')}`);
  expect(plan.copy.map(({ path }) => path).sort()).toEqual(shown.sort());
  expect(await world.run()).toMatchObject({ filesReceived: oddNames.length });
  expect(await world.run()).toMatchObject({ filesReceived: 0, filesSent: 0 });
  remove(...oddNames.map((name) => `workspace/odd/${name}`));
  expect(
    await world.run({ limits: { maxDeletePercent: 90, maxDeleteFiles: 0, confirmDeletes: 0 } }),
  ).toMatchObject({ filesDeleted: oddNames.length });
  expectSame(files);
});

it.each(['secret ', ' secret', 'secret\\ ', ' ', 'secret\u3000', 'two  '])(
  'holds back what the exclude %j names, and no other file',
  async (pattern) => {
    const { exclude } = world;
    world.exclude = [...exclude, pattern];
    const name = pattern.replace('\\', '');
    const open = { secret: 'open', ' secret ': 'open', two: 'open', 'two ': 'open' };
    world.write({ [`workspace/${name}`]: 'hidden', [`workspace/sub/${name}`]: 'hidden' });

    await world.inStep(open);

    world.exclude = exclude;
    expect(world.read('cloud')).toEqual(open);
  },
);

it('leaves out a file whose name ends in a space, and not its neighbour without', async () => {
  await world.inStep({ ...files, bad: 'bad' });
  remove('workspace/bad');
  mkdirSync(join(world.cloudFolder, 'bad '));
  world.write({ 'workspace/bad ': 'cannot be stored' });
  const limits = { maxDeletePercent: 50, maxDeleteFiles: 10, confirmDeletes: undefined };

  const report = await world.run({ limits });

  expect(report.skipped.map(({ path }) => path)).toEqual(['bad ']);
  expect(report.filesDeleted).toBe(1);
  expectSameBut('bad ', files);
});

function expectSameBut(name: string, expected: Record<string, string>): void {
  const { workspace, cloud } = world.both();
  expect(cloud).toEqual(expected);
  expect(workspace).toEqual({ ...expected, [name]: 'cannot be stored' });
}

const bisyncsOwn = ['Safety abort', 'copy1to2', 'copy2to1', 'march'];

it('takes no file for a word of bisync, whatever it is called', async () => {
  await world.inStep(files);
  world.write(Object.fromEntries(bisyncsOwn.map((name) => [`workspace/${name}`, name])));
  expect((await world.run({ dryRun: true })).plan.totals.copy.files).toBe(bisyncsOwn.length);
  // None of them can be stored where a folder lies.
  for (const name of bisyncsOwn) {
    mkdirSync(join(world.cloudFolder, name), { recursive: true });
    world.write({ [`cloud/${name}/in`]: 'a folder' });
  }

  const { skipped } = await world.run();

  expect(skipped.map(({ path }) => path)).toEqual(expect.arrayContaining(bisyncsOwn));
});

it('writes nothing over what a later lease has remembered', async () => {
  world.fence = 2;
  await world.inStep(files);
  const before = world.remembered();
  world.write({ 'workspace/a.txt': 'changed' });
  world.fence = 1;

  await expect(world.run()).rejects.toThrow(StaleLeaseError);

  world.fence = 2;
  expect(world.remembered()).toEqual(before);
  expect(await world.run()).toMatchObject({ conflicts: 0 });
  expectSame({ ...files, 'a.txt': 'changed' });
});

it('takes two forms of a name in Unicode for one file', async () => {
  world.write({ 'workspace/caf\u00e9.txt': 'one', 'cloud/cafe\u0301.txt': 'one' });
  await world.inStep(files);
  world.write({ 'workspace/caf\u00e9.txt': 'changed' });

  expect(await world.run()).toMatchObject({ filesSent: 1, filesReceived: 0, conflicts: 0 });
  expect(world.read('cloud')).toEqual({ ...files, 'cafe\u0301.txt': 'changed' });
  expect(await world.run()).toMatchObject({ filesSent: 0, filesReceived: 0 });
});

it.each(['workspace', 'cloud'])(
  'says in every run that the %s has both forms of a name',
  async (side) => {
    const [composed, decomposed] = ['caf\u00e9.txt', 'cafe\u0301.txt'];
    await world.inStep({ ...files, [composed]: 'in step' });
    world.write({ [`${side}/${decomposed}`]: 'another' });

    const first = await world.run();
    const second = await world.run();

    for (const { skipped } of [first, second]) {
      expect(skipped.map(({ path }) => path.normalize('NFC'))).toEqual([composed]);
      expect(skipped[0]?.reason).toContain(side);
    }
    expect(world.both()).toMatchObject({
      workspace: { [composed]: 'in step' },
      cloud: { [composed]: 'in step' },
    });
    expect(world.read(side)[decomposed]).toBe('another');
  },
);

it('makes the cloud folder where a resync finds none', async () => {
  rmSync(world.cloudFolder, { recursive: true });
  world.write({ 'workspace/z.txt': 'z' });
  const { plan } = await world.run({ resync: true, dryRun: true });
  expect(plan.copy).toEqual([{ path: 'z.txt', bytes: 1, side: 'cloud' }]);
  await world.inStep(files);

  expectSame({ ...files, 'z.txt': 'z' });
  rmSync(world.cloudFolder, { recursive: true });
  expect((await world.run()).blocked?.code).toBe('empty-source');
  mkdirSync(world.cloudFolder);
});

it.each([{}, { resync: true }, { dryRun: true }])(
  'goes on in another leg where this one has no time to begin: %j',
  async (order) => {
    await world.inStep(files);
    world.write({ 'workspace/a.txt': 'changed' });

    expect(await world.run(order, { remaining: () => 500 })).toMatchObject({
      timeUp: true,
      filesSent: 0,
    });
  },
);
