import { describe, expect, it } from 'vitest';
import { recoveryPoint } from '../../../functions/shared/status/recovery-point.ts';
import { ago, givenAgent, givenRecords, givenSnapshot, hour, now } from './given.ts';

const nothing = { jobs: {}, deadLetters: [], unreadable: [] };

describe('what would be lost', () => {
  it('is what was done since the newest copy was begun', () => {
    const records = givenRecords({ sync: { lastPushedAt: ago(23 * 60 + 20) } });
    expect(recoveryPoint(givenAgent(), records, now)).toEqual({
      at: ago(23 * 60 + 20),
      from: 'cloud-folder',
      lossSeconds: 23 * 60 + 20,
      text: 'If the workspace were lost now, the last 23 minutes of work would be lost.',
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
      sync: { lastPushedAt: ago(4 * hour), lastPartialPush: { at: ago(60), skippedFiles: 3 } },
    });
    const { at, text } = recoveryPoint(givenAgent(), records, now);
    expect(at).toBe(ago(4 * hour));
    expect(text).toContain('the last 4 hours of work would be lost');
    expect(text).toContain(`A newer copy, of ${ago(60)}, is in the cloud folder, but for 3 files`);
  });

  it('says nothing of a partial copy that a whole one has overtaken', () => {
    const records = givenRecords({
      sync: { lastPushedAt: ago(60), lastPartialPush: { at: ago(600), skippedFiles: 3 } },
    });
    expect(recoveryPoint(givenAgent(), records, now).text).not.toContain('newer copy');
  });

  it('is told of the part of the workspace that is synchronised', () => {
    const { text } = recoveryPoint(givenAgent({ localPath: 'shared' }), givenRecords(), now);
    expect(text).toContain('In the cloud folder is "shared" alone');
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

  it('is nothing the moment after', () => {
    const records = givenRecords({ sync: { lastPushedAt: ago(-5) } });
    expect(recoveryPoint(givenAgent(), records, now)).toMatchObject({
      lossSeconds: 0,
      text: 'If the workspace were lost now, nothing would be lost.',
    });
  });
});
