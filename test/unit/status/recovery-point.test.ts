import { describe, expect, it } from 'vitest';
import { pushTarget } from '../../../functions/shared/config/push-target.ts';
import { recoveryPoint } from '../../../functions/shared/status/recovery-point.ts';
import { ago, givenAgent, givenRecords, givenSnapshot, givenStatus, hour, now } from './given.ts';

const partial = (secondsAgo: number) => ({
  at: ago(secondsAgo),
  skippedFiles: 3,
  to: pushTarget(givenAgent()),
});

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

  it('is nothing the moment after a snapshot', () => {
    const records = givenRecords({ backup: { snapshot: givenSnapshot('young', -5) } });
    expect(recoveryPoint(givenAgent(), records, now)).toMatchObject({
      lossSeconds: 0,
      text: 'If the workspace were lost now, nothing would be lost.',
    });
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
  ])('takes no copy of before for one in %s', (_, changes) => {
    const sync = { lastPushedAt: ago(600), lastPartialPush: partial(60) };
    const records = givenRecords({ sync });
    expect(recoveryPoint(givenAgent(), records, now)).toMatchObject({ at: ago(600) });
    const point = recoveryPoint(givenAgent(changes), records, now);
    expect(point).toMatchObject({ from: 'snapshot', at: ago(10 * hour) });
    expect(point.text).not.toContain('cloud folder');
  });
});
