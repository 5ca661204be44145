import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AgentConfig } from '../../../functions/shared/config/agent.ts';
import type { JobRequest } from '../../../functions/shared/contract/index.ts';
import { SnapshotWorld, day, givenAgent, givenOpenAgent } from '../../fixtures/snapshot-world.ts';

let world: SnapshotWorld;
beforeAll(async () => {
  world = await SnapshotWorld.start();
});
afterAll(() => world.stop());
beforeEach(() => {
  world.reset();
});

const mebibyte = 1024 * 1024;
const agent = givenOpenAgent();
const request: JobRequest = { job: 'backup', agent: 'main', trigger: 'manual' };

/** Files of which a leg packs some and leaves the rest. */
function givenLongBackup(): void {
  for (const name of ['a', 'b', 'c', 'd']) {
    world.givenFiles({ [`${name}.bin`]: Buffer.alloc(5 * mebibyte, name) });
  }
  [world.tick, world.legMs] = [100, 6_000];
}

/** The first leg of a backup that goes on. */
async function givenFirstLeg(of: AgentConfig = agent): Promise<void> {
  givenLongBackup();
  const report = await world.runLeg(request, of);
  expect(report).toMatchObject({ state: 'continued' });
  expect(world.names().some((name) => name.includes('.1-00001.tar.zst'))).toBe(true);
}

async function restoredTexts(of = agent, snapshot?: string): Promise<Record<string, number>> {
  const report = await world.run('restore', of, snapshot === undefined ? {} : { snapshot });
  expect(report.state, JSON.stringify(report.reason)).toBe('succeeded');
  const prefix = (report.restoredTo ?? '').replace('s3://workspaces/', '');
  const texts = Object.entries(world.restored(prefix));
  return Object.fromEntries(texts.map(([path, text]) => [path, text.length]));
}

const all = Object.fromEntries(
  ['a', 'b', 'c', 'd'].map((name) => [`workspace/${name}.bin`, 5 * mebibyte]),
);

describe('backup', () => {
  it('goes on in the next leg, and the result restores', async () => {
    givenLongBackup();
    const report = await world.run('backup', agent);

    expect(report).toMatchObject({
      state: 'succeeded',
      filesStored: 4,
      bytesStored: 20 * mebibyte,
    });
    expect(report.legs).toBeGreaterThan(1);
    world.tick = 0;
    expect(await restoredTexts()).toEqual(all);
    expect((await world.run('verify', agent)).filesVerified).toBe(4);
  });

  it('goes on from its checkpoint when the storage fails for a while', async () => {
    await givenFirstLeg();
    const written = world.names().filter((name) => name.includes('.1-'));
    const next = world.continuation();
    let failures = 0;
    world.treat = (method, url) => {
      if (method !== 'PUT' || !url.includes('.2-')) return 'pass';
      failures++;
      return { cut: 0 };
    };
    const broken = await world.runLeg(next, agent);
    expect(failures).toBeGreaterThan(0);
    expect(broken.state).toBe('continued');

    world.treat = () => 'pass';
    world.tick = 0;
    const report = await world.runLeg(world.continuation(), agent);

    expect(report).toMatchObject({ state: 'succeeded', filesStored: 4 });
    expect(world.names()).toEqual(expect.arrayContaining(written));
    expect(await restoredTexts()).toEqual(all);
  });

  it('fails, and leaves no manifest, when the storage refuses', async () => {
    await givenFirstLeg();
    world.treat = (method, url) => (method === 'PUT' && url.includes('.2-') ? 'refuse' : 'pass');

    const report = await world.runLeg(world.continuation(), agent);

    expect(report.state).toBe('failed');
    expect(world.names().filter((name) => name.includes('manifest'))).toEqual([]);
    const { snapshots } = await world.run('list', agent);
    expect(snapshots).toEqual([]);
  });

  it('is done once when the answer to its manifest is lost', async () => {
    world.givenFiles({ a: 'a' });
    let lost = 0;
    world.treat = (method, url) =>
      method === 'PUT' && url.includes('manifest') && lost++ === 0 ? 'lose' : 'pass';

    const report = await world.run('backup', agent);

    expect(lost).toBeGreaterThan(0);
    expect(report.state).toBe('succeeded');
    expect((await world.run('list', agent)).snapshots).toHaveLength(1);
    expect((await world.run('verify', agent)).state).toBe('succeeded');
  });

  it('is left alone when a leg comes once more that another run has overtaken', async () => {
    await givenFirstLeg();
    const next = world.continuation();
    world.now += day / 8;
    for (const name of ['a', 'b', 'c', 'd']) world.givenFiles({ [`${name}.bin`]: 'another day' });
    await world.runLeg(request, agent);
    givenLongBackup();
    world.tick = 0;

    const report = await world.runLeg(next, agent);

    expect(report).toMatchObject({ state: 'failed', reason: { code: 'overtaken' } });
  });

  it('is left alone when its last leg comes once more', async () => {
    await givenFirstLeg();
    const next = world.continuation();
    world.tick = 0;
    expect((await world.runLeg(next, agent)).state).toBe('succeeded');

    const report = await world.runLeg(next, agent);

    expect(report).toMatchObject({ state: 'skipped', reason: { code: 'run-is-over' } });
    expect((await world.run('list', agent)).snapshots).toHaveLength(1);
  });

  it.each([
    ['encrypts', givenAgent()],
    ['has another folder for its snapshots', givenOpenAgent({ prefix: 'elsewhere' })],
    ['includes something else', givenOpenAgent({ include: ['workspace', 'config'] })],
    ['excludes something else', givenOpenAgent({ exclude: ['*.bin'] })],
  ])('ends when the agent %s from one leg to the next', async (_, changed) => {
    await givenFirstLeg();

    const report = await world.runLeg(world.continuation(), changed);

    expect(report).toMatchObject({ state: 'failed', reason: { code: 'configuration-changed' } });
    expect(world.snapshots.keys().filter((name) => name.includes('manifest'))).toEqual([]);
  });

  it('does not write in the clear what was begun with a key', async () => {
    await givenFirstLeg(givenAgent());

    const report = await world.runLeg(world.continuation(), agent);

    expect(report.state).toBe('failed');
    expect(world.names().filter((name) => name.endsWith('.zst'))).toEqual([]);
  });

  it('is partial, and says which, when a file cannot be read', async () => {
    world.givenFiles({ a: 'a', b: 'b' });
    world.treat = (method, url) => (method === 'GET' && url.includes('/b') ? 'refuse' : 'pass');

    const report = await world.run('backup', agent);

    expect(report).toMatchObject({ state: 'partial', reason: { code: 'files-unreadable' } });
    expect(report.skipped.map(({ path }) => path)).toEqual(['workspace/b']);
    world.treat = () => 'pass';
    expect(await restoredTexts()).toEqual({ 'workspace/a': 1 });
  });
});

describe('what is odd about a snapshot', () => {
  const files = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`notes/${index}.md`, `note ${index}`]),
  );
  const watched = givenOpenAgent({ anomalyPercent: 50 });

  async function anomaliesAfter(change: () => void, of = watched): Promise<string[]> {
    world.givenFiles({ ...files, 'SOUL.md': 'a soul' });
    await world.takeSnapshot(watched);
    world.now += day;
    change();
    const report = await world.run('backup', of);
    return report.snapshot?.anomalies ?? [];
  }

  function encryptFiles(count: number): void {
    const names = Object.keys(files).slice(0, count);
    world.givenFiles(Object.fromEntries(names.map((name) => [name, `ransom ${name}`])));
  }

  function deleteFiles(count: number): void {
    for (const name of Object.keys(files).slice(0, count)) {
      world.workspaces.delete(`main/workspace/${name}`);
    }
  }

  it('is that more files changed than the limit allows', async () => {
    const found = await anomaliesAfter(() => {
      encryptFiles(11);
    });
    expect(found).toEqual([expect.stringContaining('11 files changed and 0 are gone, of 21')]);
  });

  it('is that files changed or are gone, together more than that', async () => {
    const found = await anomaliesAfter(() => {
      encryptFiles(6);
      world.workspaces.delete('main/workspace/notes/7.md');
      for (let index = 10; index < 15; index++) {
        world.workspaces.delete(`main/workspace/notes/${index}.md`);
      }
    });
    expect(found).toEqual([expect.stringMatching(/6 files changed and 6 are gone, of 21/)]);
  });

  it('is nothing up to the limit, nor when files are added', async () => {
    const found = await anomaliesAfter(() => {
      deleteFiles(10);
      world.givenFiles(Object.fromEntries(Object.keys(files).map((name) => [`new/${name}`, name])));
    });
    expect(found).toEqual([]);
  });

  it.each([
    [
      'emptied',
      () => {
        world.givenFiles({ 'SOUL.md': '' });
      },
      'SOUL.md is empty',
    ],
    [
      'gone',
      () => {
        world.workspaces.delete('main/workspace/SOUL.md');
      },
      'SOUL.md is gone',
    ],
  ])('is a control file that is %s', async (_, change, text) => {
    expect(await anomaliesAfter(change)).toEqual([expect.stringContaining(text)]);
  });

  it.each([
    ['excludes something else', { exclude: ['*.tmp'] }],
    ['includes something else', { include: ['workspace', 'config'] }],
  ])('is not asked when the agent %s than before', async (_, block) => {
    const found = await anomaliesAfter(
      () => {
        deleteFiles(20);
      },
      givenOpenAgent({ anomalyPercent: 50, ...block }),
    );
    expect(found).toEqual([]);
  });

  it('is held against the last whole snapshot, whatever runs died since', async () => {
    world.givenFiles({ ...files, 'SOUL.md': 'a soul' });
    await world.takeSnapshot(watched);
    for (let death = 0; death < 3; death++) {
      world.now += day;
      encryptFiles(20);
      world.treat = (method, url) =>
        method === 'PUT' && url.includes('manifest') ? 'refuse' : 'pass';
      expect((await world.run('backup', watched)).state).toBe('failed');
      world.treat = () => 'pass';
    }
    world.now += day;

    const report = await world.run('backup', watched);

    expect(report.snapshot?.anomalies).toEqual([expect.stringContaining('20 files changed')]);
  });
});
