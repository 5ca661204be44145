import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { RequestError } from '../../../functions/shared/jobs/request.ts';
import { blankState } from '../../../functions/shared/notification/state.ts';
import { readPaused, readRecords } from '../../../functions/shared/status/records.ts';
import { writeInFolder } from '../../../functions/shared/status/status-file.ts';
import { parseStatusRequest } from '../../../functions/shared/status/status-request.ts';
import { MemoryObjectStore } from '../../fixtures/memory-object-store.ts';
import { folderOfTest } from '../../fixtures/temporary-folder.ts';
import { givenStatus, now } from './given.ts';

const pause = { month: '2026-11', cap: 5, used: 5.1, since: '2026-11-20T10:00:00.000Z' };

describe('a request for the status', () => {
  it.each([
    ['of everybody', {}, { kind: 'ask' }],
    ['of one agent', { agent: 'main' }, { kind: 'ask', agent: 'main' }],
    ['of a schedule', { refresh: true }, { kind: 'refresh' }],
    [
      'of a run that has ended',
      { source: 'workspace-sync', 'detail-type': 'Sync Completed', detail: { agent: 'main' } },
      { kind: 'refresh', agent: 'main' },
    ],
  ])('%s is understood', (_, event, request) => {
    expect(parseStatusRequest(event)).toEqual(request);
  });

  it.each([
    [undefined],
    ['main'],
    [{ agent: '' }],
    [{ agents: ['main'] }],
    [{ refresh: false }],
    [{ agent: 'main', refresh: true }],
    [{ source: 'somebody', detail: { agent: 'main' } }],
  ])('is refused where it says %j', (event) => {
    expect(() => parseStatusRequest(event)).toThrow(RequestError);
  });
});

describe('records', () => {
  it('of the webhook are those that notifications leave behind', async () => {
    const store = new MemoryObjectStore();
    const shared = { deadLetters: [], unreadable: [] };
    expect(await readRecords(store, 'main', [], shared)).toEqual({ ...shared, jobs: {} });

    await store.put('notifications/main.json', JSON.stringify(blankState));

    const { webhook, unreadable } = await readRecords(store, 'main', [], shared);
    expect(webhook).toMatchObject({ consecutiveFailures: 0 });
    expect(unreadable).toEqual([]);
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['of a later version', '{"version":2}'],
    ['of other types', JSON.stringify({ ...givenStatus(), runs: 'many' })],
    ['of a run that ended at no time', JSON.stringify(givenStatus({ lastFinishedAt: 'soon' }))],
    ['of a success at no time', JSON.stringify(givenStatus({ lastSuccessAt: '2026-11-22' }))],
    ['of a schedule at no time', JSON.stringify(givenStatus({ lastScheduledAt: 'soon' }))],
    ['of a push at no time', JSON.stringify(givenStatus({ lastPushedAt: '' }))],
  ])('that are %s are named, and the others read', async (_, text) => {
    const store = new MemoryObjectStore();
    await store.put('status/main/sync.json', text);
    await store.put('running/main/sync.json', text);
    await store.put('status/main/drain.json', JSON.stringify(givenStatus()));
    const shared = { deadLetters: [], unreadable: ['a queue'] };

    const records = await readRecords(store, 'main', ['sync', 'drain'], shared);

    expect(records.unreadable).toEqual([
      'a queue',
      'status/main/sync.json',
      'running/main/sync.json',
    ]);
    expect(records.jobs).toEqual({ sync: {}, drain: { status: givenStatus() } });
  });

  it('of a pause are read where there are any', async () => {
    const store = new MemoryObjectStore();
    const env = { MONTHLY_CAP: '5' };
    expect(await readPaused({ store, env }, now)).toEqual({ unreadable: [] });
    await store.put('budget.json', JSON.stringify({ version: 1, ...pause }));
    expect(await readPaused({ store, env }, now)).toEqual({ paused: pause, unreadable: [] });
    await store.put('budget.json', '?');
    expect(await readPaused({ store, env }, now)).toEqual({ unreadable: ['budget.json'] });
  });

  it.each([
    ['the cap has been taken away', {}, now],
    ['the cap has been raised', { MONTHLY_CAP: '6' }, now],
    ['the month is over', { MONTHLY_CAP: '5' }, Date.parse('2026-12-01T00:00:00Z')],
  ])('of a pause do not outlive it: %s', async (_, env, at) => {
    const store = new MemoryObjectStore();
    await store.put('budget.json', JSON.stringify({ version: 1, ...pause }));
    expect(await readPaused({ store, env }, at)).toEqual({ unreadable: [] });
  });
});

describe('the status file in a folder', () => {
  let workspace: string;
  beforeEach(() => {
    workspace = folderOfTest('status');
  });

  const file = (): string => join(workspace, '.workspace-sync', 'status.json');

  it('is made with its folder, and replaced', () => {
    writeInFolder(workspace, 'one');
    writeInFolder(workspace, 'two');
    expect(readFileSync(file(), 'utf8')).toBe('two');
  });

  it('is not written through a link in the place of the folder', () => {
    const elsewhere = join(workspace, 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(workspace, '.workspace-sync'));
    expect(() => {
      writeInFolder(workspace, 'one');
    }).toThrow(/a link/);
    expect(existsSync(join(elsewhere, 'status.json'))).toBe(false);
  });

  it('leaves nothing behind where a folder lies in its place', () => {
    mkdirSync(file(), { recursive: true });
    expect(() => {
      writeInFolder(workspace, 'one');
    }).toThrow(/EISDIR/);
    expect(readdirSync(join(workspace, '.workspace-sync'))).toEqual(['status.json']);
  });

  it('takes the place of a link that the agent has put there', () => {
    const victim = join(workspace, 'victim');
    writeFileSync(victim, 'mine');
    mkdirSync(join(workspace, '.workspace-sync'));
    symlinkSync(victim, file());
    writeInFolder(workspace, 'one');
    expect(readFileSync(victim, 'utf8')).toBe('mine');
    expect(lstatSync(file()).isSymbolicLink()).toBe(false);
  });
});
