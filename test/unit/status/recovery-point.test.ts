import { describe, expect, it } from 'vitest';
import { agentSchema, type AgentConfig } from '../../../functions/shared/config/agent.ts';
import { backupScope } from '../../../functions/shared/config/backup-scope.ts';
import { pushTarget } from '../../../functions/shared/config/push-target.ts';
import type { JobReport, SnapshotSummary } from '../../../functions/shared/contract/index.ts';
import { nextStatus, type JobStatus } from '../../../functions/shared/runtime/job-status.ts';
import { noTotals } from '../../../functions/shared/runtime/report.ts';
import type { AgentRecords } from '../../../functions/shared/status/records.ts';
import { recoveryPoint } from '../../../functions/shared/status/recovery-point.ts';
import { ago, givenAgent, givenRecords, givenSnapshot, givenStatus, hour, now } from './given.ts';

const partial = (secondsAgo: number) => ({
  at: ago(secondsAgo),
  skippedFiles: 3,
  to: pushTarget(givenAgent()),
});

/** The records of an agent whose only copies are its snapshots. */
function givenSnapshots(agent: AgentConfig, backup: Partial<JobStatus>): AgentRecords {
  const snapshotScope = { name: backupScope(agent), since: ago(100 * hour) };
  const records = givenRecords({ backup: { snapshotScope, ...backup } });
  delete records.jobs.sync;
  return records;
}

/** The end of a backup that took a snapshot. */
function givenBackup(snapshot: SnapshotSummary, snapshotScope: string): JobReport {
  return {
    ...noTotals,
    version: 1,
    job: 'backup',
    agent: 'main',
    runId: snapshot.id,
    trigger: 'schedule',
    state: 'succeeded',
    startedAt: snapshot.createdAt,
    finishedAt: snapshot.createdAt,
    durationMs: 0,
    legs: 1,
    skipped: [],
    skippedFiles: 0,
    delivered: [],
    warnings: [],
    snapshot,
    snapshotScope,
  };
}

function elsewhere(): AgentConfig['workspace'] {
  const workspace = { kind: 'remote', rcloneType: 'sftp', rcloneOptions: {}, path: 'elsewhere' };
  return agentSchema.parse({ name: 'main', workspace }).workspace;
}

const nothing = { jobs: {}, deadLetters: [], unreadable: [] };

describe('what would be lost', () => {
  it('is what was done since the newest copy was begun', () => {
    const records = givenRecords({ sync: { lastPushedAt: ago(23 * 60 + 20) } });
    expect(recoveryPoint(givenAgent(), records, now)).toEqual({
      at: ago(23 * 60 + 20),
      from: 'cloud-folder',
      lossSeconds: 23 * 60 + 20,
      text:
        'If the workspace were lost now, the last 23 minutes of work would be lost. Not in the ' +
        'cloud folder is what lies in _inbox, nor what sync.exclude leaves out.',
    });
  });

  it('is less where a snapshot is newer', () => {
    const records = givenRecords({
      sync: { lastPushedAt: ago(5 * hour) },
      backup: { snapshot: givenSnapshot('young', hour) },
    });
    expect(recoveryPoint(givenAgent(), records, now)).toMatchObject({
      at: ago(hour),
      from: 'snapshot',
      lossSeconds: hour,
    });
  });

  it('takes no copy that misses files for one, and says where it is', () => {
    const records = givenRecords({
      sync: { lastPushedAt: ago(4 * hour), lastPartialPush: partial(60) },
    });
    const { at, text } = recoveryPoint(givenAgent(), records, now);
    expect(at).toBe(ago(4 * hour));
    expect(text).toContain('the last 4 hours of work would be lost');
    expect(text).toContain(`A newer copy, of ${ago(60)}, is in the cloud folder, but for 3 files`);
  });

  it('says nothing of a partial copy that a whole one has overtaken', () => {
    const records = givenRecords({
      sync: { lastPushedAt: ago(60), lastPartialPush: partial(600) },
    });
    expect(recoveryPoint(givenAgent(), records, now).text).not.toContain('newer copy');
  });

  it('is told of the part of the workspace that is synchronised', () => {
    const agent = givenAgent({ localPath: 'shared', exclude: [] });
    const records = givenRecords({ sync: { lastPushedTo: pushTarget(agent) } });
    expect(recoveryPoint(agent, records, now).text).toMatch(
      /In the cloud folder is "shared" alone, not the rest of the workspace such as _inbox\.$/,
    );
  });

  it('counts no snapshot that leaves the workspace out', () => {
    const records = givenRecords({ sync: { lastPushedAt: ago(5 * hour) } });
    const agent = givenAgent({}, { include: ['config'] });
    expect(recoveryPoint(agent, records, now)).toMatchObject({ from: 'cloud-folder' });
  });

  it('counts nothing that is switched off', () => {
    const off = givenAgent({ provider: 'off', dropbox: undefined });
    expect(recoveryPoint(off, givenRecords(), now)).toMatchObject({ from: 'snapshot' });
  });

  it.each([
    ['a snapshot', givenAgent(), 'workspace-sync backup now --agent main'],
    ['a sync', givenAgent({}, { enabled: false }), 'workspace-sync sync --agent main'],
    [
      'a place for snapshots, where the cloud folder is the source',
      givenAgent({ mode: 'mirror' }, { enabled: false }),
      'Set backup.enabled',
    ],
  ])('is everything where there is no copy, and asks for %s', (_, agent, words) => {
    const point = recoveryPoint(agent, nothing, now);
    expect(point).toEqual({ text: expect.stringContaining(words) as string });
    expect(point.text).toContain('all of it would be lost');
  });

  it('is nothing the moment after a snapshot that leaves nothing out', () => {
    const agent = givenAgent({}, { exclude: [] });
    const records = givenSnapshots(agent, { snapshot: givenSnapshot('young', -5) });
    expect(recoveryPoint(agent, records, now)).toMatchObject({
      lossSeconds: 0,
      text: 'If the workspace were lost now, nothing would be lost.',
    });
  });

  it('is never nothing where the snapshot leaves files out, and says so', () => {
    const agent = givenAgent({}, { exclude: ['projects/**'] });
    const records = givenSnapshots(agent, { snapshot: givenSnapshot('young', 0) });
    const { text } = recoveryPoint(agent, records, now);
    expect(text).toContain('less than a second of work would be lost');
    expect(text).toContain('Not in the snapshot is what backup.exclude leaves out');
  });

  it('does not go by a snapshot, a push or a partial push from the future', () => {
    const ahead = { ...givenSnapshot('ahead', -hour), createdAt: ago(-hour) };
    const sync = { lastPushedAt: ago(-hour), lastPartialPush: partial(-hour) };
    const point = recoveryPoint(
      givenAgent(),
      givenRecords({ sync, backup: { snapshot: ahead } }),
      now,
    );
    expect(point).toEqual({ text: expect.stringContaining('all of it would be lost') as string });
  });

  it('is never nothing the moment after a sync: _inbox is not in the cloud folder', () => {
    const records = givenRecords({ sync: { lastPushedAt: ago(0) } });
    const { lossSeconds, text } = recoveryPoint(givenAgent(), records, now);
    expect(lossSeconds).toBe(0);
    expect(text).not.toContain('nothing');
    expect(text).toContain('what lies in _inbox');
  });

  it('says what the cloud folder lacks also where all that is there is partial', () => {
    const records = {
      ...nothing,
      jobs: { sync: { status: givenStatus({ lastPartialPush: partial(60) }) } },
    };
    expect(recoveryPoint(givenAgent(), records, now).text).toContain('what lies in _inbox');
  });

  it.each([
    ['another folder', { remotePath: 'brand-new' }],
    ['another mode', { mode: 'mirror' }],
    ['another provider', { provider: 'onedrive', onedrive: { token: '${TOKEN}' } }],
    ['another part of the workspace', { localPath: 'shared' }],
    ['the same folder with another filter', { exclude: ['projects/**'] }],
    ['the same folder without one', { exclude: [] }],
    ['the same folder with links followed', { copySymlinks: true }],
    [
      'the same place of another kind of account',
      { dropbox: { token: '${TOKEN}', appFolder: true } },
    ],
  ])('takes no copy of before for one in %s', (_, changes) => {
    const sync = { lastPushedAt: ago(600), lastPartialPush: partial(60) };
    const records = givenRecords({ sync });
    expect(recoveryPoint(givenAgent(), records, now)).toMatchObject({ at: ago(600) });
    const point = recoveryPoint(givenAgent(changes), records, now);
    expect(point).not.toMatchObject({ at: ago(600) });
    expect(point.text).not.toContain('cloud folder');
  });

  it('takes no copy of before for one in another bucket', () => {
    const inBucket = (bucket: string) =>
      givenAgent({ provider: 's3', dropbox: undefined, s3: { bucket } }, { enabled: false });
    const records = givenRecords({ sync: { lastPushedTo: pushTarget(inBucket('before')) } });
    delete records.jobs.backup;
    expect(recoveryPoint(inBucket('before'), records, now)).toMatchObject({ at: ago(70) });
    expect(recoveryPoint(inBucket('now'), records, now)).not.toHaveProperty('at');
  });

  it('says that there are copies, where there are none that count', () => {
    const agent = givenAgent({ exclude: [] }, { enabled: false });
    const { text } = recoveryPoint(agent, givenRecords(), now);
    expect(text).toContain(
      'no copy of it elsewhere that is whole and was made as the configuration',
    );
    expect(recoveryPoint(agent, nothing, now).text).toContain('no copy of it elsewhere. Run');
  });
});

describe('a snapshot', () => {
  const off = { provider: 'off', dropbox: undefined };
  const without = (item: string) => ({ ...givenSnapshot('young', hour), missing: [item] });

  it.each([
    ['without the workspace', without('workspace'), undefined],
    ['without something else', without('cron'), hour],
  ])('%s is a copy of it only where it has it', (_, snapshot, lossSeconds) => {
    const agent = givenAgent(off);
    const point = recoveryPoint(agent, givenSnapshots(agent, { snapshot }), now);
    expect(point.lossSeconds).toBe(lossSeconds);
  });

  it.each([
    ['include did not have the workspace', givenAgent(off, { include: ['config'] })],
    ['exclude left something else out', givenAgent(off, { exclude: ['projects/**'] })],
    ['the workspace was another one', { ...givenAgent(off), workspace: elsewhere() }],
  ])('of when %s is no copy of what there is now', (_, before) => {
    const records = givenSnapshots(before, { snapshot: givenSnapshot('young', hour) });
    expect(recoveryPoint(givenAgent(off), records, now)).not.toHaveProperty('at');
  });

  it('that stands in for a damaged one is of now, too', () => {
    const agent = givenAgent(off);
    const found = { createdAt: ago(hour), foundAt: ago(60), runId: 'v', message: 'bad' };
    const verify = {
      verifiedSnapshot: givenSnapshot('good', 20 * hour),
      damagedSnapshots: [{ id: 'young', ...found }],
    };
    const since = (hours: number) => ({ name: backupScope(agent), since: ago(hours * hour) });
    const at = (hours: number) => {
      const backup = { snapshot: givenSnapshot('young', hour), snapshotScope: since(hours) };
      return recoveryPoint(agent, givenRecords({ backup, verify }), now).at;
    };
    expect(at(20)).toBe(ago(20 * hour));
    expect(at(19)).toBeUndefined();
  });

  it('is known with what it holds, from the first that holds that', () => {
    const [first, second] = [givenSnapshot('first', 3 * hour), givenSnapshot('second', 2 * hour)];
    const taken = [
      givenBackup(first, 'a'),
      givenBackup(second, 'a'),
      givenBackup(givenSnapshot('third', hour), 'b'),
    ];
    const [, same, other] = taken.map((_report, last) =>
      taken.slice(0, last + 1).reduce<JobStatus | undefined>(nextStatus, undefined),
    );
    expect(same?.snapshotScope).toEqual({ name: 'a', since: first.createdAt });
    expect(other?.snapshotScope).toEqual({ name: 'b', since: ago(hour) });
    expect(other?.firstSnapshotAt).toBe(first.createdAt);
  });
});
