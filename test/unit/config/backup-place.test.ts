import { describe, expect, it } from 'vitest';
import {
  backupPlace,
  type BackupPlace,
  referencesIn,
} from '../../../functions/shared/config/index.ts';
import { dropbox, expectKeys, expectProblem, givenAgent, noticesOf } from './given.ts';

const team = { bucket: 'team', region: 'eu-west-1' };
const keys = { accessKeyId: '${KEY}', secretAccessKey: '${SECRET}' };
const native = { provider: 's3', mode: 'mailbox', remotePath: 'files', s3: team };
const sftp = (host: string): object => ({
  rcloneType: 'sftp',
  rcloneOptions: { host, pass: '${P}' },
});
const custom = { provider: 'custom', mode: 'mailbox', remotePath: 'share', custom: sftp('nas') };
const gdrive = { gdrive: { token: '${GDRIVE_TOKEN}' } };

function placeOf(backup: object, sync: object = { provider: 'off' }): BackupPlace {
  return backupPlace(givenAgent({ agent: 'ann', sync, backup: { enabled: true, ...backup } }));
}

describe('snapshots in the deployment’s own bucket', () => {
  it.each([
    ['without a cloud folder', {}, { provider: 'off' }],
    ['by name', { provider: 's3' }, dropbox],
    ['by name, though the cloud folder is another bucket', { provider: 's3' }, native],
    ['with a region and nothing else', { provider: 's3', s3: { region: 'x' } }, dropbox],
  ])('lie under the agent’s name: %s', (_, backup, sync) => {
    expect(placeOf(backup, sync)).toEqual({ kind: 'own', prefix: 'ann/' });
  });

  it('lie in the folders that remotePath and prefix name below it', () => {
    expect(placeOf({ prefix: 'daily/' })).toEqual({ kind: 'own', prefix: 'ann/daily/' });
    expect(placeOf({ remotePath: '/a//b', prefix: 'c' })).toEqual({
      kind: 'own',
      prefix: 'ann/a/b/c/',
    });
  });
});

describe('snapshots in another storage', () => {
  it('use the block of backup and its secrets', () => {
    expect(
      placeOf({ provider: 'gdrive', ...gdrive, remotePath: 'a', prefix: 'b/' }, dropbox),
    ).toEqual({
      kind: 'remote',
      scope: 'backup',
      settings: { provider: 'gdrive', remotePath: 'a/b', ...gdrive },
    });
  });

  it('lie at the root of a storage of their own unless a folder is named', () => {
    const place = placeOf({ provider: 'gdrive', ...gdrive }, dropbox);
    expect(place).toMatchObject({ settings: { remotePath: '' } });
  });

  it.each([
    ['a bucket in short', { bucket: 'b' }, { bucket: 'b' }],
    ['a bucket in full', { s3: { bucket: 'b' } }, { bucket: 'b' }],
    ['both, the short one first', { bucket: 'b', s3: { bucket: 'c' } }, { bucket: 'b' }],
    ['keys', { bucket: 'b', s3: keys }, { bucket: 'b', ...keys }],
  ])('may be S3 with %s', (_, backup, s3) => {
    expect(placeOf({ provider: 's3', prefix: 'ann/', ...backup }, dropbox)).toEqual({
      kind: 'remote',
      scope: 'backup',
      settings: { provider: 's3', remotePath: 'ann', s3: { endpoint: '', ...s3 } },
    });
  });

  it('keep the slash of an absolute path on a backend that knows it', () => {
    const place = (provider: string): BackupPlace =>
      placeOf({ provider, custom: sftp('h'), bucket: 'b', remotePath: '/srv/b', prefix: 'p' });
    expect(place('custom')).toMatchObject({ settings: { remotePath: '/srv/b/p' } });
    expect(place('s3')).toMatchObject({ settings: { remotePath: 'srv/b/p' } });
  });
});

describe('snapshots in the storage of sync', () => {
  it.each([
    ['no provider', {}],
    ['the same provider and no block', { provider: 'dropbox' }],
  ])('lie beside the synchronised folder, with %s', (_, backup) => {
    expect(placeOf(backup, dropbox)).toEqual({
      kind: 'remote',
      scope: 'sync',
      settings: {
        provider: 'dropbox',
        remotePath: 'openclaw-backups',
        dropbox: { appFolder: false, token: '${TOKEN}' },
      },
    });
  });

  it('take folder and prefix as they are given', () => {
    const remote = (backup: object): unknown => {
      const place = placeOf(backup, dropbox);
      return place.kind === 'remote' && place.settings.remotePath;
    };
    expect(remote({ prefix: 'ann/' })).toBe('openclaw-backups/ann');
    expect(remote({ remotePath: 'x', prefix: 'ann' })).toBe('x/ann');
    expect(remote({ remotePath: '' })).toBe('');
  });

  it('may have another bucket with the same keys', () => {
    const sync = { ...native, s3: { ...team, ...keys } };
    expect(placeOf({ bucket: 'vault', prefix: 'p' }, sync)).toEqual({
      kind: 'remote',
      scope: 'sync',
      settings: {
        provider: 's3',
        remotePath: 'p',
        s3: { endpoint: '', ...team, ...keys, bucket: 'vault' },
      },
    });
  });

  it('carry the references of their provider and no others', () => {
    const place = placeOf(
      { encrypt: true, passphrase: '${PASS}', ...gdrive },
      { ...dropbox, custom: sftp('h') },
    );
    expect(referencesIn(place)).toEqual(['TOKEN']);
  });
});

describe('a backup', () => {
  it.each([
    [{ provider: 'gdrive' }, 'backup.gdrive.token'],
    [{ provider: 'custom' }, 'backup.custom.rcloneType'],
    [{ provider: 's3', s3: keys }, 'backup.s3.bucket'],
    [{ provider: 's3', s3: { endpoint: 'https://r2.example' } }, 'backup.s3.bucket'],
  ])('%j that is enabled needs the rest of it', (backup, key) => {
    expectKeys({ sync: dropbox, backup: { enabled: true, ...backup } }, [key]);
    expect(givenAgent({ sync: dropbox, backup }).backup.enabled).toBe(false);
  });

  it('names the entry of its own block for a token of its own', () => {
    const problem = expectProblem(
      { sync: dropbox, backup: { enabled: true, provider: 'gdrive' } },
      'backup.gdrive.token',
    );
    expect(problem.fix).toContain('--name workspace-sync/default/main/backup ');
  });
});

describe('snapshots in the folder that is kept in step', () => {
  it.each([
    ['below it', { remotePath: 'openclaw-share/backups' }, dropbox],
    ['it itself', { remotePath: 'openclaw-share' }, dropbox],
    ['by its prefix', { remotePath: '', prefix: 'openclaw-share/x' }, dropbox],
    ['by a name that is the same to the cloud', { remotePath: 'OpenClaw-Share/x' }, dropbox],
    ['in a cloud folder that is everything', {}, { ...dropbox, remotePath: '' }],
    ['in a bucket', { bucket: 'team', prefix: 'files/b' }, native],
    [
      'in a bucket that backup names itself',
      { provider: 's3', bucket: 'team', prefix: 'files' },
      native,
    ],
    ['on a backend that is custom', { remotePath: 'share/b' }, custom],
  ])('are refused: %s', (_, backup, sync) => {
    const json = { sync, backup: { enabled: true, ...backup } };
    const { value, allowed, fix } = expectProblem(json, 'backup.remotePath');
    expect(value).toContain('that sync keeps in step');
    expect(allowed).toContain('a push deletes');
    expect(fix).toContain('"provider": "s3"');
    expect(givenAgent({ sync, backup }).backup.enabled).toBe(false);
  });

  it.each([
    ['beside it', { remotePath: 'openclaw-share-backups' }, dropbox],
    ['above it', { remotePath: '' }, dropbox],
    ['in another bucket', { bucket: 'vault', prefix: 'files' }, native],
    ['in a bucket by a name that differs in case', { prefix: 'Files' }, native],
    ['in the deployment’s own bucket', { provider: 's3' }, { ...dropbox, remotePath: '' }],
    ['on another host', { provider: 'custom', custom: sftp('other'), remotePath: 'share' }, custom],
    ['at an absolute path', { remotePath: '/share' }, custom],
  ])('are not what lies %s', (_, backup, sync) => {
    expect(noticesOf({ sync, backup: { enabled: true, ...backup } })).toEqual([]);
  });

  it('are a notice where the account may be the same or another', () => {
    const backup = {
      provider: 'dropbox',
      dropbox: { token: '${OTHER}' },
      remotePath: 'openclaw-share',
    };
    const [notice] = noticesOf({ sync: dropbox, backup: { enabled: true, ...backup } });
    expect(notice?.key).toBe('backup.remotePath');
    expect(notice?.message).toContain('if both are one account');
  });
});

describe('snapshots in the folder that is kept in step for another agent', () => {
  const given = (synced: string, backup: object): Record<string, unknown> => ({
    agents: {
      ann: { sync: { ...native, remotePath: synced } },
      bob: { sync: dropbox, backup: { enabled: true, provider: 's3', bucket: 'team', ...backup } },
    },
  });

  it.each([
    ['', {}],
    ['', { prefix: 'bob' }],
    ['files', { remotePath: 'files' }],
    ['files', { prefix: 'files/bob/' }],
  ])('%j are refused: %j', (synced, backup) => {
    const problem = expectProblem(given(synced, backup), 'agents.bob.backup.remotePath');
    expect(problem.value).toContain('for agent ann');
  });

  it.each([
    ['files', {}],
    ['files', { prefix: 'files-bob' }],
    ['', { bucket: 'vault' }],
    ['', { s3: { endpoint: 'https://r2.example' } }],
    ['', { enabled: false }],
  ])('%j are not %j', (synced, backup) => {
    expect(noticesOf(given(synced, backup))).toEqual([]);
  });
});

describe('two agents with the same place', () => {
  const noticed = (ann: object, bob: object): string[] =>
    noticesOf({
      agents: {
        ann: { sync: dropbox, backup: { enabled: true, ...ann } },
        bob: { sync: { ...dropbox, remotePath: 'bob' }, backup: { enabled: true, ...bob } },
      },
    }).map(({ key, message }) => `${key} ${message}`);

  it('are allowed and noticed', () => {
    const [notice, ...rest] = noticed({}, {});
    expect(rest).toEqual([]);
    expect(notice).toMatch(
      /^agents\.bob\.backup keeps its snapshots where agent ann keeps its own/,
    );
    expect(
      noticed({ provider: 's3', bucket: 'b' }, { provider: 's3', s3: { bucket: 'b' } }),
    ).toHaveLength(1);
  });

  it('are not two agents in the deployment’s own bucket, or in folders of their own', () => {
    expect(noticed({ provider: 's3' }, { provider: 's3' })).toEqual([]);
    expect(noticed({ prefix: 'ann' }, { prefix: 'bob' })).toEqual([]);
    expect(noticed({}, { enabled: false })).toEqual([]);
  });
});
