import { describe, expect, it } from 'vitest';
import { receiptPath } from '../../../functions/shared/mailbox/receipt.ts';
import { drop, MailboxWorld } from './world.ts';

/** Where each drop went: its own path to the names that it has in the inbox. */
function arrivals(world: MailboxWorld): Record<string, string[]> {
  const names: Record<string, string[]> = {};
  for (const [name, { from }] of world.inbox) (names[from] ??= []).push(name);
  return names;
}

function expectDeliveredOnce(world: MailboxWorld, ...paths: string[]): void {
  expect(Object.keys(arrivals(world)).sort()).toEqual(paths.sort());
  for (const names of Object.values(arrivals(world))) expect(names).toHaveLength(1);
  expect(world.receipts().map(({ source }) => source.path)).toEqual(
    expect.arrayContaining(paths) as string[],
  );
  expect(world.receipts()).toHaveLength(paths.length);
  expect(world.announcedIds()).toEqual(
    world
      .receipts()
      .map(({ id }) => id)
      .sort(),
  );
  expect(world.drops).toEqual([]);
}

describe('a delivery', () => {
  it('copies, records, announces and removes, in this order', async () => {
    const world = new MailboxWorld(drop('a.pdf'), drop('sub/b.csv'));

    const result = await world.run();

    expect(world.effects).toEqual([
      'copy a.pdf',
      'copy sub/b.csv',
      'record a.pdf',
      'record sub/b.csv',
      'announce a.pdf, sub/b.csv',
      'remove a.pdf',
      'remove sub/b.csv',
    ]);
    expect(result).toMatchObject({ quarantined: [], skipped: [], remaining: 0, failures: 0 });
    expectDeliveredOnce(world, 'a.pdf', 'sub/b.csv');
  });

  it('writes what a person can read into the receipt', async () => {
    const world = new MailboxWorld(
      drop('a.pdf', { version: 'v7', modified: '2026-11-22T10:00:00Z' }),
    );

    const { delivered } = await world.run();

    expect(delivered).toEqual([
      {
        version: 1,
        id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        agent: 'main',
        state: 'delivered',
        name: 'a.pdf',
        source: { kind: 'drop', path: 'a.pdf', version: 'v7', modified: '2026-11-22T10:00:00Z' },
        size: 3,
        sha256: 'aa',
        flags: [],
        deliveredAt: '1970-01-01T00:00:00.000Z',
        runId: 'run-1',
      },
    ]);
    expect(world.receipts()).toEqual(delivered);
  });

  it('does nothing the second time', async () => {
    const world = new MailboxWorld(drop('a.pdf'));
    await world.run();
    const before = [...world.effects];

    await world.run();

    expect(world.effects).toEqual(before);
  });

  it('does nothing where nothing lies', async () => {
    const world = new MailboxWorld();

    expect(await world.run()).toMatchObject({ delivered: [], failures: 0 });
    expect(world.effects).toEqual([]);
  });

  it('leaves unfinished files where they are', async () => {
    const world = new MailboxWorld(drop('a.pdf.partial'));

    const { skipped, failures } = await world.run();

    expect(skipped).toEqual([{ path: 'a.pdf.partial', reason: 'is temporary by its name' }]);
    expect(failures).toBe(0);
    expect(world.effects).toEqual([]);
  });

  it.each([['AGENTS.md'], ['SOUL.md'], ['.env'], ['skills/x/SKILL.md'], ['HEARTBEAT.md']])(
    'flags %s, which steers an agent',
    async (path) => {
      const world = new MailboxWorld(drop(path));

      const { delivered } = await world.run();

      expect(delivered[0]).toMatchObject({ name: path, flags: ['control-file'] });
    },
  );

  it('flags a control file whose name had to be changed, too', async () => {
    const world = new MailboxWorld(drop('../AGENTS.md'));

    const { delivered } = await world.run();

    expect(delivered[0]).toMatchObject({
      name: '__/AGENTS.md',
      flags: ['control-file', 'renamed'],
      reason: 'the name "../AGENTS.md" cannot be used as it is',
    });
  });

  it('keeps a drop that was replaced after it was copied, and says so', async () => {
    const world = new MailboxWorld(drop('a.pdf', { version: 'new' }));

    await world.run({ drops: [drop('a.pdf', { version: 'old' })] });

    expect(world.drops).toEqual([drop('a.pdf', { version: 'new' })]);
    expect(world.warnings).toEqual(['the drop changed after it was delivered and is kept']);
  });
});

describe('a delivery that is killed', () => {
  const paths = ['a.pdf', 'sub/b.csv', 'c.txt'];
  const ends = ['copy', 'record', 'announce', 'remove'];

  it.each(ends)('after its first %s is completed by the next run', async (effect) => {
    const world = new MailboxWorld(...paths.map((path) => drop(path)));
    expect(await world.runKilledAfter(effect)).toBe(true);

    await world.run();

    expectDeliveredOnce(world, ...paths);
  });

  it.each(ends)('after %s again and again is completed in the end', async (effect) => {
    const world = new MailboxWorld(...paths.map((path) => drop(path)));
    for (let runs = 0; runs < 20 && (await world.runKilledAfter(effect)); runs++);

    await world.run();

    expectDeliveredOnce(world, ...paths);
  });

  it.each(ends.flatMap((first) => ends.map((second) => [first, second] as const)))(
    'after %s and then after %s is completed by the third run',
    async (first, second) => {
      const world = new MailboxWorld(...paths.map((path) => drop(path)));
      await world.runKilledAfter(first);
      await world.runKilledAfter(second);

      await world.run();

      expectDeliveredOnce(world, ...paths);
    },
  );

  it.each(['record', 'announce', 'remove'])(
    'after %s is completed by metadata alone',
    async (effect) => {
      const world = new MailboxWorld(...paths.map((path) => drop(path)));
      world.memory = 'metadata';
      await world.runKilledAfter(effect);

      await world.run();

      expect(world.drops).toEqual([]);
      expect(arrivals(world)['a.pdf']).toEqual(['a.pdf']);
    },
  );

  // As in S3, where the copied object lies under the wanted name and bears the drop's id: the name
  // counts as taken, so that the drop is copied once more under another.
  it('between copy and record is not delivered twice by metadata alone', async () => {
    const world = new MailboxWorld(drop('a.pdf'));
    world.memory = 'metadata';
    await world.runKilledAfter('copy');

    await world.run();

    expectDeliveredOnce(world, 'a.pdf');
  });
});

describe('a drop that needs admission', () => {
  const link = { id: '0123456789abcdef', slot: 1, name: 'given.pdf' };

  it('is reported when it is announced, before it is removed, and again after a killed run', async () => {
    const world = new MailboxWorld(drop('a.pdf'));
    world.admit = (one, id) =>
      Promise.resolve({ action: 'deliver', drop: one, id, wanted: 'folder/a.pdf', link });
    await world.runKilledAfter('report');

    await world.run();

    expect(world.effects).toEqual([
      'copy folder/a.pdf',
      'record folder/a.pdf',
      'announce folder/a.pdf',
      'report given.pdf',
      'announce folder/a.pdf',
      'report given.pdf',
      'remove a.pdf',
    ]);
    expect(world.receipts()[0]).toMatchObject({
      flags: [],
      source: { path: 'given.pdf', link: { id: link.id, slot: 1 } },
    });
  });

  it('is put aside and reported where it is refused, and others are decided as ever', async () => {
    const world = new MailboxWorld(drop('a.pdf'), drop('b.pdf'));
    world.admit = (one, id) =>
      Promise.resolve(
        one.path === 'a.pdf'
          ? { action: 'quarantine', drop: one, id, reason: 'not wanted', link }
          : undefined,
      );

    const { quarantined } = await world.run();

    expect(quarantined).toMatchObject([{ reason: 'not wanted', source: { path: 'given.pdf' } }]);
    expect(world.effects.filter((effect) => effect.endsWith(' a.pdf'))).toEqual([
      'quarantine a.pdf',
      'remove a.pdf',
    ]);
    expect(world.effects).toContain('report given.pdf');
    expect([...world.toldAside.values()]).toEqual(quarantined);
    expect([...world.inbox.keys()]).toEqual(['b.pdf']);
    expect(world.drops).toEqual([]);
  });
});

describe('a drop that was admitted and comes too late, as by a link that was revoked since', () => {
  const link = { id: '0123456789abcdef', slot: 1, name: 'a.pdf' };
  const givenAdmitted = (): MailboxWorld => {
    const world = new MailboxWorld(drop('a.pdf'));
    admit(world);
    return world;
  };
  const admit = (world: MailboxWorld, late: { tooLate?: string } = {}): void => {
    world.admit = (one, id) =>
      Promise.resolve({ action: 'deliver', drop: one, id, wanted: 'a.pdf', link, ...late });
  };

  it('is put aside where nothing of it lies in the inbox', async () => {
    const world = givenAdmitted();
    world.refuse = (parcel) => ({ state: 'failed', parcel, reason: 'the gateway is away' });
    await world.run();
    world.refuse = () => undefined;
    admit(world, { tooLate: 'the link was revoked' });

    const { delivered, quarantined } = await world.run();

    expect(delivered).toEqual([]);
    expect(quarantined).toMatchObject([
      { reason: 'the link was revoked', source: { path: 'a.pdf', link: { slot: 1 } } },
    ]);
    expect([...world.inbox.keys()]).toEqual([]);
    expect(world.drops).toEqual([]);
  });

  it.each(['copy', 'record', 'announce'])(
    'is brought to its end after a kill at "%s"',
    async (at) => {
      const world = givenAdmitted();
      await world.runKilledAfter(at);
      admit(world, { tooLate: 'the link was revoked' });

      const { quarantined } = await world.run();

      expect(quarantined).toEqual([]);
      expectDeliveredOnce(world, 'a.pdf');
    },
  );
});

describe('what is refused of a link, however much it is,', () => {
  const refused = Array.from({ length: 5 }, (_, index) => drop(`${index}`));
  const givenRefusals = (): MailboxWorld => {
    const world = new MailboxWorld(...refused);
    const link = { id: '0123456789abcdef', slot: 1, name: 'a stranger chose this' };
    world.admit = (one, id) =>
      Promise.resolve({ action: 'quarantine', drop: one, id, reason: 'used', link });
    return world;
  };

  it('leaves nothing in the workspace and no event, and is counted', async () => {
    const world = givenRefusals();

    const { quarantined, skipped } = await world.run();

    expect(world.receipts()).toEqual([]);
    expect(world.effects.filter((effect) => /^(record|tell) /.test(effect))).toEqual([]);
    expect(quarantined).toHaveLength(5);
    expect(skipped).toContainEqual({ path: '4', reason: 'quarantined: used' });
    expect(world.drops).toEqual([]);
  });

  it('waits for the next run where the time is up, with a word in the report', async () => {
    const world = givenRefusals();
    world.remainingMs = () => (world.quarantined.size < 2 ? 1 : 0);

    const { quarantined, skipped, failures } = await world.run();

    expect({ quarantined: quarantined.length, failures }).toEqual({ quarantined: 2, failures: 3 });
    expect(skipped).toContainEqual({ path: '4', reason: 'the time was up' });
    expect(world.drops).toEqual(refused.slice(2));
  });
});

describe('an announcement that fails', () => {
  it('keeps the drops, and the next run makes up for it without copying again', async () => {
    const world = new MailboxWorld(drop('a.pdf'), drop('b.pdf'));
    world.announceFails = true;
    await expect(world.run()).rejects.toThrow('the queue does not answer');
    expect(world.drops).toHaveLength(2);
    world.announceFails = false;

    await world.run();

    expect(world.effects.filter((effect) => effect.startsWith('copy'))).toHaveLength(2);
    expectDeliveredOnce(world, 'a.pdf', 'b.pdf');
  });
});

describe('a name', () => {
  it('that lies in the inbox already is left to its owner', async () => {
    const world = new MailboxWorld(drop('report.pdf'));
    world.inbox.set('report.pdf', { dropId: 'theirs', from: 'somebody' });

    const { delivered } = await world.run();

    expect(delivered[0]).toMatchObject({
      name: 'report (2).pdf',
      flags: ['renamed'],
      reason: 'the name was taken',
    });
    expect(world.inbox.get('report.pdf')?.dropId).toBe('theirs');
  });

  it.each([
    ['is dropped twice before anybody looks', 'a.txt', 'a.txt'],
    ['differs from another in case alone', 'a.txt', 'A.TXT'],
    ['differs from another in Unicode form alone', '\u00e9.txt', 'e\u0301.txt'],
    ['becomes that of another', '..', '__'],
  ])('that %s is two files', async (_, first, second) => {
    const world = new MailboxWorld(
      drop(first, { version: '1' }),
      drop(second, { version: '2', size: 4 }),
    );

    const { delivered } = await world.run();

    expect(delivered.map(({ size }) => size)).toEqual([3, 4]);
    expect(world.inbox.size).toBe(2);
    expect(world.announced.flat()).toHaveLength(2);
  });

  it('that is dropped again later is another file', async () => {
    const world = new MailboxWorld(drop('a.txt', { version: '1' }));
    await world.run();
    world.drops = [drop('a.txt', { version: '2' })];

    await world.run();

    expect([...world.inbox.keys()]).toEqual(['a.txt', 'a (2).txt']);
    expect(world.announcedIds()).toHaveLength(2);
  });

  it('that is taken at the last moment gives way to a new one', async () => {
    const world = new MailboxWorld(drop('a.txt'), drop('b.txt'));
    world.refuse = (parcel) => {
      if (parcel.name !== 'a.txt') return undefined;
      world.inbox.set('a.txt', { dropId: 'theirs', from: 'somebody' });
      return { state: 'taken', parcel };
    };

    const { delivered, failures } = await world.run();

    expect(delivered.map(({ name }) => name).sort()).toEqual(['a (2).txt', 'b.txt']);
    expect(failures).toBe(0);
  });

  it('that is taken again and again leaves the drop to a later run', async () => {
    const world = new MailboxWorld(drop('a.txt'), drop('b.txt'));
    world.refuse = (parcel) =>
      parcel.decision.drop.path === 'a.txt' ? { state: 'taken', parcel } : undefined;

    const { delivered, failures, skipped } = await world.run();

    expect(delivered).toHaveLength(1);
    expect(failures).toBe(1);
    expect(skipped).toEqual([{ path: 'a.txt', reason: 'its name was taken again and again' }]);
    expect(world.drops).toEqual([drop('a.txt')]);
  });
});

describe('a drop', () => {
  it('that is gone is neither recorded nor announced, and no fault', async () => {
    const world = new MailboxWorld(drop('a.txt'), drop('b.txt'));
    world.refuse = (parcel) => (parcel.name === 'a.txt' ? { state: 'gone', parcel } : undefined);

    const { failures, skipped } = await world.run();

    expect({ failures, skipped }).toEqual({ failures: 0, skipped: [] });
    expect(world.receipts().map(({ name }) => name)).toEqual(['b.txt']);
    expect(world.effects).not.toContain('remove a.txt');
  });

  it('that cannot be carried stays, with its reason, and holds up no other', async () => {
    const world = new MailboxWorld(drop('a.txt'), drop('b.txt'));
    world.refuse = (parcel) =>
      parcel.name === 'a.txt' ? { state: 'failed', parcel, reason: 'the disk is full' } : undefined;

    const { delivered, failures, skipped } = await world.run();

    expect(delivered.map(({ name }) => name)).toEqual(['b.txt']);
    expect({ failures, skipped }).toEqual({
      failures: 1,
      skipped: [{ path: 'a.txt', reason: 'the disk is full' }],
    });
    expect(world.drops).toEqual([drop('a.txt')]);
  });

  it('that cannot be removed is announced once, named each time, and holds up no other', async () => {
    const world = new MailboxWorld(drop('a.txt'), drop('b.txt'));
    world.stuck.add('a.txt');

    const { skipped, failures, unremoved } = await world.run();

    expect(world.announced.flat().map(({ name }) => name)).toEqual(['a.txt', 'b.txt']);
    const reason = 'cannot be removed from the _outbox: nobody may remove it';
    expect({ skipped, failures }).toEqual({ skipped: [{ path: 'a.txt', reason }], failures: 1 });
    expect(unremoved).toEqual(['a.txt']);
    expect(world.drops).toEqual([drop('a.txt')]);
    const again = await world.run({ drops: [drop('a.txt', { announced: true })] });
    expect(world.announced.flat()).toHaveLength(2);
    expect(again.skipped).toEqual(skipped);
  });

  it('whose receipt nobody can read is delivered again, for that loses nothing', async () => {
    const world = new MailboxWorld(drop('a.txt'));
    await world.runKilledAfter('record');
    const [receipt] = world.receipts();
    world.receiptTexts.set(receipt?.id ?? '', '{"version":');

    await world.run();

    expect(world.receipts()).toHaveLength(1);
    expect(world.announced.flat()).toHaveLength(1);
    expect(world.drops).toEqual([]);
  });

  it('has one receipt, whose path nobody chooses', async () => {
    const world = new MailboxWorld(drop('../../x'));

    const { delivered } = await world.run();

    expect(receiptPath(delivered[0]?.id ?? '')).toMatch(/^\.receipts\/[0-9a-f]{32}\.json$/);
  });
});

describe('many drops', () => {
  const many = Array.from({ length: 120 }, (_, index) => drop(`${index}.txt`));

  it('go in batches, each of which is finished before the next begins', async () => {
    const world = new MailboxWorld(...many);

    const { delivered } = await world.run();

    expect(delivered).toHaveLength(120);
    expect(world.announced.map((batch) => batch.length)).toEqual([50, 50, 20]);
    expect(world.effects.indexOf('remove 49.txt')).toBeLessThan(
      world.effects.indexOf('copy 50.txt'),
    );
  });

  it('stay where they are when the time is up, and are counted', async () => {
    const world = new MailboxWorld(...many);
    world.remainingMs = () => (world.announced.length < 1 ? 1 : 0);

    const { delivered, remaining } = await world.run();

    expect({ delivered: delivered.length, remaining }).toEqual({ delivered: 50, remaining: 70 });
    expect(world.drops).toHaveLength(70);
  });
});

describe('a drop that is too large', () => {
  const large = drop('large.iso', { size: 5_000 });

  it('is recorded, put aside, told of and removed, in this order, and nobody is woken', async () => {
    const world = new MailboxWorld(large);

    const { quarantined, failures, skipped } = await world.run();

    expect(world.effects).toEqual([
      expect.stringMatching(/^record \.quarantine\/[0-9a-f]{32}$/),
      'quarantine large.iso',
      'tell large.iso',
      'remove large.iso',
    ]);
    const reason = 'has 5000 bytes; sync.maxDropBytes allows 1000';
    expect(quarantined).toEqual([expect.objectContaining({ state: 'quarantined', reason })]);
    expect(quarantined[0]).not.toHaveProperty('sha256');
    expect(failures).toBe(0);
    expect(skipped).toEqual([{ path: 'large.iso', reason: `quarantined: ${reason}` }]);
    expect(world.announced).toEqual([]);
  });

  it('holds up no other', async () => {
    const world = new MailboxWorld(large, drop('a.txt'));

    await world.run();

    expect([...world.inbox.keys()]).toEqual(['a.txt']);
    expect(world.announced.flat().map(({ name }) => name)).toEqual(['a.txt']);
    expect(world.drops).toEqual([]);
  });

  it('stays with its reason where it cannot be put aside, and holds up no other', async () => {
    const more = drop('more.iso', { size: 5_000 });
    const world = new MailboxWorld(large, drop('a.txt'), more);
    world.stuck.add(large.path);

    const { skipped, failures, quarantined } = await world.run();

    expect(world.announced.flat().map(({ name }) => name)).toEqual(['a.txt']);
    expect(quarantined.map(({ source }) => source.path)).toEqual(['more.iso']);
    expect(failures).toBe(1);
    const reason = 'cannot be put in quarantine: nobody may move it';
    expect(skipped).toContainEqual({ path: large.path, reason });
    expect(world.drops).toEqual([large]);
  });

  it.each(['record', 'quarantine', 'tell', 'remove'])(
    'is put aside once, killed after %s',
    async (end) => {
      const world = new MailboxWorld(large);
      expect(await world.runKilledAfter(end)).toBe(true);

      await world.run();

      expect([...world.quarantined.values()]).toEqual([large]);
      expect(world.receipts()).toHaveLength(1);
      expect(world.drops).toEqual([]);
      expect(world.announced).toEqual([]);
    },
  );

  // A receipt of a quarantine must not count as one of a delivery: the drop would be removed.
  it('is delivered where the limit was raised before it was removed', async () => {
    const world = new MailboxWorld(large);
    await world.runKilledAfter('record');

    await world.run({ maxDropBytes: 10_000 });

    expect(world.inbox.has('large.iso')).toBe(true);
  });
});
