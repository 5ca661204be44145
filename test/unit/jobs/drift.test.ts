import { describe, expect, it } from 'vitest';
import {
  driftBetween,
  fingerprintOf,
  type SyncSettings,
} from '../../../functions/shared/jobs/drift.ts';

const settings: SyncSettings = {
  provider: 'dropbox',
  mode: 'mailbox',
  remotePath: 'Agent',
  localPath: '',
  exclude: '["*.log"]',
  ingestPath: '',
  workspace: 's3',
  places: 'digest',
};

describe('a changed configuration', () => {
  it('is none where nothing has changed, in whatever order it is written', () => {
    const reversed = Object.fromEntries(Object.entries(settings).reverse());

    expect(driftBetween(settings, reversed)).toBeUndefined();
    expect(fingerprintOf(reversed)).toBe(fingerprintOf(settings));
  });

  it.each([
    ['mode', 'mirror', 'sync.mode was "mailbox" and is "mirror"'],
    ['remotePath', '', 'sync.remotePath was "Agent" and is ""'],
    ['localPath', 'shared', 'sync.localPath was "" and is "shared"'],
    ['exclude', '[]', 'sync.exclude was ["*.log"] and is []'],
    ['workspace', 'efs', 'workspace.kind was "s3" and is "efs"'],
    ['ingestPath', 'inbox', 'sync.ingestPath was "" and is "inbox"'],
  ])(
    'of %s is named with what it was and is, and with the word that confirms it',
    (key, value, text) => {
      const now = { ...settings, [key]: value };

      const reason = driftBetween(settings, now);

      expect(reason?.code).toBe('config-changed');
      expect(reason?.message).toContain(text);
      expect(reason?.message).toContain(`"confirmConfig": "${fingerprintOf(now)}"`);
    },
  );

  it('of an account or server says so without a word of it', () => {
    const reason = driftBetween(settings, { ...settings, places: 'another digest' });

    expect(reason?.message).toContain('the account, server, bucket or folder');
    expect(reason?.message).not.toContain('digest');
  });

  it('has another word for every other change', () => {
    const all = Object.keys(settings).map((key) => fingerprintOf({ ...settings, [key]: 'x' }));

    expect(new Set([...all, fingerprintOf(settings)]).size).toBe(all.length + 1);
  });
});
