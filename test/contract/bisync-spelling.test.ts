import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { JobReport, JobRequest } from '../../functions/shared/contract/index.ts';
import { SyncWorld } from '../providers/sync-world.ts';

/** Dropbox takes names that differ in case only for one. */
let world: SyncWorld;
beforeAll(async () => {
  world = await SyncWorld.start('dropbox');
});
afterAll(() => world.close());
beforeEach(() => {
  world.reset();
});

function run(request: Partial<JobRequest> = {}): Promise<JobReport> {
  return world.sync({ mode: 'bisync' }, request);
}

async function givenInStep(files: Record<string, string>): Promise<void> {
  world.givenWorkspace({ 'x.txt': 'x', 'y.txt': 'y', ...files });
  expect(await run({ resync: true })).toMatchObject({ state: 'succeeded' });
}

function inWorkspace(path: string): string {
  return join(world.world.rclone.workspaceFolder, path);
}

function removeFromCloud(path: string): void {
  const { files } = world.world.provider;
  const entry = files.find(`Agent/${path}`);
  if (entry) files.remove(entry);
}

const untouched = { state: 'partial', filesReceived: 0, filesDeleted: 0, conflicts: 0 };

function skippedPaths({ skipped }: JobReport): string[] {
  return skipped.map(({ path }) => path).sort();
}

it('leaves a folder alone that was renamed by case, carries the rest, and goes on once both agree', async () => {
  await givenInStep({ 'Docs/one.txt': 'one' });
  renameSync(inWorkspace('Docs'), inWorkspace('docs'));
  world.givenWorkspace({ 'docs/two.txt': 'two', 'new.txt': 'new' });

  const plan = await run({ dryRun: true });
  const first = await run();
  const second = await run();

  expect(plan.plan?.totals).toMatchObject({ copy: { files: 1 }, delete: { files: 0 } });
  expect(skippedPaths(plan)).toEqual(['Docs', 'docs']);
  expect(first).toMatchObject({ ...untouched, filesSent: 1 });
  expect(first.skipped[0]?.reason).toMatch(/"Docs" in the cloud folder.*rename one of them/);
  expect(second).toMatchObject({ ...untouched, filesSent: 0 });
  expect(world.cloud()).toEqual({
    'x.txt': 'x',
    'y.txt': 'y',
    'new.txt': 'new',
    'Docs/one.txt': 'one',
  });

  renameSync(inWorkspace('docs'), inWorkspace('Docs'));
  expect(await run()).toMatchObject({ state: 'succeeded', filesSent: 1, filesDeleted: 0 });
  expect(world.cloud()).toMatchObject({ 'Docs/one.txt': 'one', 'Docs/two.txt': 'two' });
  rmSync(inWorkspace('Docs/one.txt'));
  expect(await run()).toMatchObject({ state: 'succeeded', filesDeleted: 1 });
});

it('goes on where both sides have been renamed alike', async () => {
  await givenInStep({ 'Report.txt': 'precious' });
  renameSync(inWorkspace('Report.txt'), inWorkspace('report.txt'));
  expect(await run()).toMatchObject(untouched);
  removeFromCloud('Report.txt');
  world.givenCloud({ 'report.txt': 'precious' });

  await run();

  expect(await run()).toMatchObject({ state: 'succeeded', filesSent: 0, filesReceived: 0 });
  expect(world.workspace()).toMatchObject({ 'report.txt': 'precious' });
  expect(world.cloud()).toMatchObject({ 'report.txt': 'precious' });
});

it.each([
  ['two files', { 'A.txt': 'upper content', 'a.txt': 'lower' }, ['A.txt', 'a.txt']],
  ['two folders', { 'Docs/a': 'A', 'docs/a': 'lower a', 'docs/b': 'B' }, ['Docs', 'docs']],
  ['a file and a folder', { 'Docs/a': 'A', docs: 'file' }, ['Docs', 'docs']],
  ['two forms of Unicode', { 'caf\u00e9': 'c', 'cafe\u0301': 'd' }, ['caf\u00e9', 'cafe\u0301']],
])('sends neither of %s that are one name in the cloud, and says so', async (_, pair, names) => {
  await givenInStep({});
  world.givenWorkspace({ ...pair, 'new.txt': 'new' });

  const report = await run();

  expect(report).toMatchObject({ ...untouched, filesSent: 1 });
  expect(skippedPaths(report)).toEqual([...names].sort());
  expect(Object.keys(world.cloud()).sort()).toEqual(['new.txt', 'x.txt', 'y.txt']);
  expect(world.workspace()).toMatchObject(pair);
});

it('lets a resync copy and replace nothing of two names that are one', async () => {
  world.givenWorkspace({ 'Docs/a': 'A', 'docs/a': 'lower a', 'x.txt': 'x' });
  world.givenCloud({ 'Docs/a': 'human' });

  const report = await run({ resync: true });

  expect(report).toMatchObject({ ...untouched, filesSent: 1 });
  expect(world.cloud()).toEqual({ 'Docs/a': 'human', 'x.txt': 'x' });
});

it('leaves a file alone of which a second spelling appears, and keeps what is remembered of it', async () => {
  await givenInStep({ 'A.txt': 'upper' });
  world.givenWorkspace({ 'a.txt': 'lower', 'A.txt': 'upper edited' });
  expect(await run()).toMatchObject(untouched);
  expect(world.cloud()['A.txt']).toBe('upper');
  rmSync(inWorkspace('a.txt'));

  expect(await run()).toMatchObject({ state: 'succeeded', filesSent: 1, conflicts: 0 });
  expect(world.cloud()['A.txt']).toBe('upper edited');
});

it('carries a name in a decomposed form of Unicode that the cloud folder composes', async () => {
  await givenInStep({ 'cafe\u0301.txt': 'one' });
  expect(await run()).toMatchObject({ state: 'succeeded', filesSent: 0, filesReceived: 0 });
  world.givenWorkspace({ 'cafe\u0301.txt': 'changed' });

  expect(await run()).toMatchObject({ state: 'succeeded', filesSent: 1, conflicts: 0 });
  expect(await run()).toMatchObject({ state: 'succeeded', filesSent: 0, filesReceived: 0 });
});

it('leaves a folder alone that cannot be listed, and carries the rest', async () => {
  await givenInStep({ 'ghost/one.txt': 'one', 'ghost/two.txt': 'two' });
  world.world.provider.trouble({ on: 'list', path: 'Agent/ghost', fault: 'not-found', times: 50 });
  rmSync(inWorkspace('ghost/one.txt'));
  world.givenWorkspace({ 'new.txt': 'new', 'ghost/three.txt': 'three' });

  const report = await run();

  expect(report).toMatchObject({ ...untouched, filesSent: 1 });
  expect(skippedPaths(report)).toEqual(['ghost']);
  expect(world.cloud()).toMatchObject({ 'new.txt': 'new', 'ghost/one.txt': 'one' });
});
