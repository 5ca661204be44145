import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AgentConfig, BackupConfig } from '../../../functions/shared/config/index.ts';
import type { JobReport } from '../../../functions/shared/contract/index.ts';
import { absentItems } from '../../../functions/shared/jobs/absent-items.ts';
import { itemsOf } from '../../../functions/shared/snapshot/pack/items.ts';
import { SnapshotWorld, day, givenOpenAgent, hour } from '../../fixtures/snapshot-world.ts';

let world: SnapshotWorld;
beforeAll(async () => {
  world = await SnapshotWorld.start();
});
afterAll(() => world.stop());
beforeEach(() => {
  world.reset();
});

const include: BackupConfig['include'] = ['workspace', 'sessions'];
const agent = givenOpenAgent({ include, retain: 3 });

/** A workspace of few files, and more sessions: by the share of files alone nothing would be strange. */
function givenFiles(): void {
  world.givenFiles({ 'work.md': 'a year of work', 'notes.md': 'notes' });
  for (let number = 0; number < 20; number++) {
    world.workspaces.put(`main/state/sessions/${number}.jsonl`, Buffer.from(`session ${number}`));
  }
}

function givenNone(prefix: string): void {
  for (const key of world.workspaces.keys(prefix)) world.workspaces.delete(key);
}

/** A snapshot of everything, and a day later one of what is left without the workspace. */
async function givenVanished(
  after: AgentConfig = agent,
): Promise<{ whole: string; odd: JobReport }> {
  givenFiles();
  const whole = await world.takeSnapshot(agent);
  givenNone('main/workspace/');
  world.now += day;
  return { whole, odd: await world.run('backup', after) };
}

/** A backup and a prune a day, as they follow one another. */
async function givenDays(count: number, of = agent): Promise<JobReport[]> {
  const prunes: JobReport[] = [];
  for (let number = 0; number < count; number++) {
    world.now += day;
    await world.run('backup', of);
    world.now += hour;
    prunes.push(await world.run('prune', of));
  }
  return prunes;
}

describe('a workspace that has vanished beside another item', () => {
  it('makes the backup partial, with the item and what to do', async () => {
    const { whole, odd } = await givenVanished();

    expect(odd).toMatchObject({ state: 'partial', reason: { code: 'items-missing' } });
    expect(odd.reason?.message).toMatch(/nothing of "workspace".*backup\.include/);
    expect(odd.snapshot?.missing).toEqual(['workspace']);
    expect(odd.snapshot?.anomalies).toEqual([
      `nothing of "workspace" is in it, of which snapshot ${whole} has 2 files`,
    ]);
  });

  it('holds pruning: the snapshots with it stay, however many come after them', async () => {
    const { whole } = await givenVanished();

    const prunes = await givenDays(6);

    expect(new Set(prunes.map(({ state }) => state))).toEqual(new Set(['blocked']));
    expect(world.hasManifest(whole)).toBe(true);
  });

  it('keeps the newest snapshot with it also once somebody has confirmed', async () => {
    const { whole, odd } = await givenVanished();
    await world.run('prune', agent, { confirmAnomaly: odd.snapshot?.id ?? '' });

    const last = (await givenDays(6)).at(-1);

    expect(last?.state).toBe('succeeded');
    expect(last?.retention?.find(({ id }) => id === whole)).toMatchObject({
      keep: true,
      reasons: ['newest whole snapshot that has the workspace'],
    });
    expect(world.hasManifest(whole)).toBe(true);
    expect(world.hasManifest(odd.snapshot?.id ?? '')).toBe(false);
  });

  it('lets the last one with it go once the configuration does not ask for it any more', async () => {
    const { whole, odd } = await givenVanished();
    await world.run('prune', agent, { confirmAnomaly: odd.snapshot?.id ?? '' });

    await givenDays(4, givenOpenAgent({ include: ['sessions'], retain: 3 }));

    expect(world.hasManifest(whole)).toBe(false);
  });

  it('is seen though something else of the configuration has changed', async () => {
    const { odd } = await givenVanished(givenOpenAgent({ include, exclude: ['*.tmp'] }));
    expect(odd.snapshot?.anomalies).toEqual([expect.stringContaining('nothing of "workspace"')]);
  });

  it('stays partial, and is strange only once', async () => {
    await givenVanished();
    world.now += day;

    const next = await world.run('backup', agent);

    expect(next).toMatchObject({ state: 'partial', reason: { code: 'items-missing' } });
    expect(next.reason?.message).not.toContain('The snapshot before');
    expect(next.snapshot).not.toHaveProperty('anomalies');
  });
});

describe('a snapshot without a workspace', () => {
  it('is partial where there has never been one: nobody may take it for a copy', async () => {
    givenFiles();
    givenNone('main/workspace/');

    const first = await world.run('backup', agent);

    expect(first).toMatchObject({ state: 'partial', reason: { code: 'items-missing' } });
    expect(first.snapshot).not.toHaveProperty('anomalies');
  });

  it('is as good as any where the workspace is not asked for', async () => {
    givenFiles();
    givenNone('main/workspace/');
    expect((await world.run('backup', givenOpenAgent({ include: ['sessions'] }))).state).toBe(
      'succeeded',
    );
  });
});

describe('an item without files', () => {
  it('is absent where it is the workspace, though its folder is there', () => {
    expect(absentItems(['workspace', 'cron'], [], { cron: 1 })).toEqual(['workspace']);
    expect(absentItems(['workspace', 'cron'], ['workspace'], { cron: 1 })).toEqual(['workspace']);
    expect(absentItems(['workspace', 'cron'], [], { workspace: 1 })).toEqual([]);
  });

  it.each([
    ['workspace/notes.md', ['workspace']],
    ['workspace/memory/day.md', ['workspace', 'memory']],
    ['workspace/.env', ['workspace', 'env']],
    ['workspace/.environment', ['workspace']],
    ['state/openclaw.json', ['config']],
    ['state/openclaw.json.bak', []],
    ['state/sessions/1.jsonl', ['sessions', 'transcripts']],
  ])('is told by its files: %s is one of %j', (path, items) => {
    expect(itemsOf(path)).toEqual(items);
  });
});

describe('another item', () => {
  it('that has gone is strange once, and missing from then on', async () => {
    givenFiles();
    await world.takeSnapshot(agent);
    givenNone('main/state/sessions/');
    // So many files of the workspace that the share of what is gone is small.
    for (let number = 0; number < 40; number++) world.givenFiles({ [`${number}.md`]: 'a note' });
    world.now += day;

    const odd = await world.run('backup', givenOpenAgent({ include, anomalyPercent: 100 }));
    world.now += day;
    const next = await world.run('backup', givenOpenAgent({ include, anomalyPercent: 100 }));

    expect(odd.state).toBe('partial');
    expect(odd.reason?.message).toContain('nothing of "sessions"');
    expect(odd.snapshot?.anomalies).toEqual([expect.stringContaining('nothing of "sessions"')]);
    expect(next).toMatchObject({ state: 'succeeded', snapshot: { missing: ['sessions'] } });
  });

  it('that was never there is a warning', async () => {
    givenFiles();
    const report = await world.run('backup', givenOpenAgent({ include: [...include, 'cron'] }));
    expect(report).toMatchObject({ state: 'succeeded', snapshot: { missing: ['cron'] } });
    expect(report.warnings).toContain('not there, and so not stored: cron');
  });
});
