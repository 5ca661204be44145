import { hash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { manifestName } from '../../../functions/shared/snapshot/names.ts';
import type { JobReport } from '../../../functions/shared/contract/index.ts';
import { underAnotherId } from '../../fixtures/snapshot-forgery.ts';
import { SnapshotWorld, day, givenOpenAgent, hour } from '../../fixtures/snapshot-world.ts';

let world: SnapshotWorld;
beforeAll(async () => {
  world = await SnapshotWorld.start();
});
afterAll(() => world.stop());
beforeEach(() => {
  world.reset();
  world.givenFiles({ 'AGENTS.md': 'who I am', 'notes.md': 'notes' });
});

/** Snapshots a day apart, the oldest first; the clock stands a day after the last. */
async function givenSnapshots(agent: ReturnType<typeof givenOpenAgent>, count: number) {
  const ids: string[] = [];
  for (let number = 0; number < count; number++) {
    world.givenFiles({ 'notes.md': `notes of day ${number}` });
    ids.push(await world.takeSnapshot(agent));
    world.now += day;
  }
  return ids as [string, ...string[]];
}

function givenForged(from: string, to: string, createdAt: string): void {
  const objects = new Map(world.objectsOf(from).map((name) => [name, world.bytesOf(name)]));
  const copies = underAnotherId(objects, { from, to }, (body) => {
    body.createdAt = createdAt;
    body.finishedAt = createdAt;
  });
  for (const [name, bytes] of copies) world.givenObject(name, bytes);
}

function keptBy({ retention = [] }: JobReport): string[] {
  return retention.filter(({ keep }) => keep).map(({ id }) => id);
}

function reasonsFor({ retention = [] }: JobReport, id: string): string {
  return retention.find((each) => each.id === id)?.reasons.join('; ') ?? '';
}

const retainTwo = givenOpenAgent({ retain: 2 });

describe('prune', () => {
  it('removes every object of what retention gives up, and says why', async () => {
    const [oldest, middle = '', newest = ''] = await givenSnapshots(retainTwo, 3);

    const report = await world.run('prune', retainTwo);

    expect(report).toMatchObject({ state: 'succeeded', snapshotsDeleted: 1 });
    expect(keptBy(report)).toEqual([newest, middle]);
    expect(report.retention?.at(-1)).toMatchObject({ id: oldest, keep: false, outcome: 'deleted' });
    expect(reasonsFor(report, oldest)).toMatch(/last/);
    expect(world.objectsOf(oldest)).toEqual([]);
    expect(world.objectsOf(newest)).toHaveLength(3);
  });

  it('deletes nothing in a dry run, and names the same reasons', async () => {
    const [oldest] = await givenSnapshots(retainTwo, 3);
    const before = [world.names(), [...world.store.objects.keys()]];

    const dry = await world.run('prune', retainTwo, { dryRun: true });

    expect([world.names(), [...world.store.objects.keys()]]).toEqual(before);
    expect(world.seen.filter((request) => request.startsWith('DELETE'))).toEqual([]);
    const wet = await world.run('prune', retainTwo);
    expect(reasonsFor(dry, oldest)).toBe(reasonsFor(wet, oldest));
  });

  it('says of a locked snapshot that it is pending, and deletes it when it can', async () => {
    const [oldest] = await givenSnapshots(retainTwo, 3);
    world.treat = (method) => (method === 'DELETE' ? 'refuse' : 'pass');

    const locked = await world.run('prune', retainTwo);
    const again = await world.run('prune', retainTwo);
    world.treat = () => 'pass';
    const free = await world.run('prune', retainTwo);

    for (const report of [locked, again]) {
      expect(report).toMatchObject({ state: 'partial', reason: { code: 'deletes-pending' } });
      expect(report.retention?.at(-1)).toMatchObject({ id: oldest, outcome: 'pending' });
      expect(report.skipped[0]?.reason).toContain('AccessDenied');
    }
    expect(free).toMatchObject({ state: 'succeeded', snapshotsDeleted: 1 });
    expect(world.objectsOf(oldest)).toEqual([]);
  });

  it('tells nobody of a snapshot that it has begun to delete: the manifest goes first', async () => {
    const [oldest] = await givenSnapshots(retainTwo, 3);
    // The function dies after the manifest.
    world.treat = (method, url) =>
      method === 'DELETE' && !url.includes('manifest') ? 'refuse' : 'pass';

    await world.run('prune', retainTwo);

    expect(world.hasManifest(oldest)).toBe(false);
    expect(world.objectsOf(oldest)).toHaveLength(2);
    const { snapshots = [] } = await world.run('list', retainTwo);
    expect(snapshots.map(({ id }) => id)).not.toContain(oldest);

    world.treat = () => 'pass';
    await world.run('prune', retainTwo);
    expect(world.objectsOf(oldest)).toEqual([]);
  });
});

describe('prune and what is left of other runs', () => {
  const dead = '20261120T000000Z-deadbeef';
  const leftover = `backup-${dead}.1-00001.tar.zst`;

  it('removes the leftovers of a dead backup after two days, and not before', async () => {
    world.givenObject(leftover, Buffer.from('left'));
    await givenSnapshots(retainTwo, 1);
    world.now += day - hour;

    const early = await world.run('prune', retainTwo);
    expect(early.warnings.join()).toContain('have no manifest');
    expect(world.names()).toContain(leftover);

    world.now += 2 * hour;
    await world.run('prune', retainTwo);
    expect(world.names()).not.toContain(leftover);
  });

  it('never removes what a running backup has written, however long it runs', async () => {
    world.givenObject(leftover, Buffer.from('first leg'), world.now - 10 * day);
    world.givenObject(
      leftover.replace('1-00001', '900-00900'),
      Buffer.from('last leg'),
      world.now - 47 * hour,
    );

    await world.run('prune', retainTwo);

    expect(world.objectsOf(dead)).toHaveLength(2);
  });

  it('keeps objects whose manifest a listing has missed', async () => {
    const [id] = await givenSnapshots(retainTwo, 1);
    world.now += 10 * day;
    // An eventually consistent listing: the name is not in it, and the object can be read.
    const keys = world.snapshots.keys.bind(world.snapshots);
    world.snapshots.keys = (prefix) =>
      keys(prefix).filter((key) => !key.endsWith('.manifest.json'));
    try {
      await world.run('prune', retainTwo);
    } finally {
      world.snapshots.keys = keys;
    }
    expect(world.objectsOf(id)).toHaveLength(3);
  });

  it('never touches what is not ours, in names that come near to ours', async () => {
    const foreign = [
      'backup-of-my-taxes.pdf',
      'backup-20200101.tar.gz.bak',
      'backup-20200101T000000Z.tar.gz.enc.part',
      'backup-20201122T101500Z-0123abcd.manifest.json.old',
      'backup-20201122T101500Z-0123abcd.notes.txt',
      'backup-20201122T101500Z-0123abcd/1-00001.tar.zst',
      'backup-20201122T101500Z-0123ABCD.1-00001.tar.zst',
      'old/backup-20201122T101500Z-0123abcd.1-00001.tar.zst',
      'README.md',
    ];
    for (const name of foreign) world.givenObject(name, Buffer.from('mine'), 0);
    await givenSnapshots(retainTwo, 4);

    await world.run('prune', retainTwo);

    expect(world.names()).toEqual(expect.arrayContaining(foreign));
  });

  it('never prunes the plugin’s snapshots', async () => {
    const plugin = ['backup-20200101T000000Z.tar.gz.enc', 'backup-20200102T000000Z.tar.gz'];
    for (const name of plugin) world.givenObject(name, Buffer.from('old'), 0);
    await givenSnapshots(retainTwo, 4);

    await world.run('prune', retainTwo);

    expect(world.names()).toEqual(expect.arrayContaining(plugin));
  });

  it('touches no other agent’s snapshot in the same folder', async () => {
    const shared = { remotePath: 'all', retain: 1 };
    const one = givenOpenAgent(shared);
    const ids = await givenSnapshots(one, 3);
    // As a remote that two agents share: the other's objects lie among ours.
    const foreign = ids.map((id, index) => {
      const to = `2026110${index + 1}T000000Z-00000000`;
      const objects = new Map(
        world.objectsOf(id, 'main/all').map((name) => [name, world.bytesOf(name, 'main/all')]),
      );
      const copies = underAnotherId(objects, { from: id, to }, (body) => {
        body.agent = 'other';
        body.createdAt = `2026-11-0${index + 1}T00:00:00.000Z`;
      });
      for (const [name, bytes] of copies) world.givenObject(name, bytes, 0, 'main/all');
      return to;
    });

    const report = await world.run('prune', one);

    expect(report.snapshotsDeleted).toBe(2);
    expect(report.warnings).toContain('3 snapshots of other agents lie there, too');
    for (const id of foreign) expect(world.objectsOf(id, 'main/all')).toHaveLength(3);
  });
});

describe('prune and forged snapshots', () => {
  it('lets hundreds dated 2099 push nothing out, and gives them up a week later', async () => {
    const [first, second = ''] = await givenSnapshots(retainTwo, 2);
    // Their objects are more than one page of a listing has.
    const forged = Array.from({ length: 350 }, (_, index) => {
      const id = `20990101T000000Z-${index.toString(16).padStart(8, '0')}`;
      givenForged(first, id, '2099-01-01T00:00:00.000Z');
      return id;
    });

    const report = await world.run('prune', retainTwo);
    expect(keptBy(report)).toEqual(expect.arrayContaining([first, second]));
    expect(world.hasManifest(first) && world.hasManifest(second)).toBe(true);
    expect(reasonsFor(report, forged[0] ?? '')).toContain('dated in the future');

    expect(world.hasManifest(forged[7] ?? '')).toBe(true);

    world.now += 6 * day;
    const good = await world.takeSnapshot(retainTwo);
    world.now += 2 * day;
    await world.run('prune', retainTwo);
    expect(forged.filter((id) => world.objectsOf(id).length > 0)).toEqual([]);
    expect([second, good].every((id) => world.hasManifest(id))).toBe(true);
  });

  it('never removes the newest one that was verified', async () => {
    const [oldest] = await givenSnapshots(retainTwo, 1);
    await world.run('verify', retainTwo);
    await givenSnapshots(retainTwo, 4);

    const report = await world.run('prune', retainTwo);

    expect(reasonsFor(report, oldest)).toContain('newest verified');
    expect(world.hasManifest(oldest)).toBe(true);
  });

  it('takes the word of a record that says "failed" a week ago only from when it was stored', async () => {
    const [good, ...later] = await givenSnapshots(retainTwo, 2);
    world.now += 30 * day;
    const newest = await world.takeSnapshot(retainTwo);
    const victim = later[0] ?? '';
    world.givenObject(
      `backup-${victim}.verified-20261124T000000Z-00000000.json`,
      Buffer.from(
        JSON.stringify({
          format: 'workspace-sync-verification',
          version: 1,
          snapshot: victim,
          manifest: hash('sha256', world.bytesOf(manifestName(victim))),
          runId: '20261124T000000Z-00000000',
          at: '2026-11-24T00:00:00.000Z',
          percent: 100,
          method: 'contents',
          passed: false,
        }),
      ),
    );

    const report = await world.run('prune', retainTwo);

    expect(reasonsFor(report, victim)).toContain('evidence');
    expect([good, victim, newest].every((id) => world.hasManifest(id))).toBe(true);
  });
});

describe('the hold after an anomaly', () => {
  const watched = givenOpenAgent({ retain: 1 });

  /** A control file is emptied between two snapshots. */
  async function givenAnomaly(): Promise<{ before: string; odd: string }> {
    const before = await world.takeSnapshot(watched);
    world.now += day;
    world.givenFiles({ 'AGENTS.md': '' });
    const report = await world.run('backup', watched);
    expect(report.snapshot?.anomalies).toEqual(['the control file workspace/AGENTS.md is empty']);
    world.now += hour;
    return { before, odd: report.snapshot?.id ?? '' };
  }

  it('blocks pruning, and says how to go on', async () => {
    const { before, odd } = await givenAnomaly();

    const report = await world.run('prune', watched);

    expect(report).toMatchObject({ state: 'blocked', reason: { code: 'anomaly-hold' } });
    expect(report.reason?.message).toContain(`"confirmAnomaly": "${odd}"`);
    expect(world.hasManifest(before)).toBe(true);
  });

  it('stays when another snapshot is confirmed, and ends when the right one is', async () => {
    const { before, odd } = await givenAnomaly();

    const wrong = await world.run('prune', watched, { confirmAnomaly: before });
    expect(wrong).toMatchObject({ state: 'failed', reason: { code: 'no-such-hold' } });
    expect((await world.run('prune', watched)).state).toBe('blocked');
    expect(world.hasManifest(before)).toBe(true);

    const right = await world.run('prune', watched, { confirmAnomaly: odd });
    expect(right).toMatchObject({ state: 'succeeded', snapshotsDeleted: 1 });
    expect(world.hasManifest(before)).toBe(false);
  });

  it('is not ended by a dry run', async () => {
    const { odd } = await givenAnomaly();

    const dry = await world.run('prune', watched, { confirmAnomaly: odd, dryRun: true });

    expect(dry.state).toBe('succeeded');
    expect((await world.run('prune', watched)).state).toBe('blocked');
  });

  it('holds on through a snapshot that looks well again', async () => {
    const { odd } = await givenAnomaly();
    world.givenFiles({ 'AGENTS.md': 'who I am' });
    await world.takeSnapshot(watched);

    const report = await world.run('prune', watched);

    expect(report.reason?.message).toContain(odd);
    expect(report.state).toBe('blocked');
  });

  it('outlives a second anomaly: what was seen of the first does not confirm both', async () => {
    const { odd } = await givenAnomaly();
    world.givenFiles({ 'AGENTS.md': 'who I am' });
    await world.takeSnapshot(watched);
    world.now += hour;
    world.givenFiles({ 'AGENTS.md': '' });
    const second = await world.takeSnapshot(watched);

    expect((await world.run('prune', watched, { confirmAnomaly: odd })).state).toBe('failed');
    expect((await world.run('prune', watched)).state).toBe('blocked');
    expect((await world.run('prune', watched, { confirmAnomaly: second })).state).toBe('succeeded');
  });
});
