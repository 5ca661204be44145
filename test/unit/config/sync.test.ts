import { describe, expect, it } from 'vitest';
import { intervalMinutes } from '../../../functions/shared/config/index.ts';
import { dropbox, expectKeys, givenSync } from './given.ts';

describe('sync', () => {
  it.each([
    ['/', ''],
    ['', ''],
    ['.', ''],
    ['./a//b/', 'a/b'],
  ])('normalises localPath %j', (given, expected) => {
    expect(givenSync({ localPath: given }).localPath).toBe(expected);
  });

  it.each(['/a', '../a', 'a/..', 'a\\b', '_inbox', '_Outbox/x', 'a\nb', 3])(
    'refuses localPath %j',
    (localPath) => {
      expectKeys({ sync: { localPath } }, ['sync.localPath']);
    },
  );

  it.each([
    ['', ''],
    ['/', ''],
    ['/a/', 'a'],
    ['a b/c', 'a b/c'],
  ])('normalises remotePath %j', (given, expected) => {
    expect(givenSync({ remotePath: given }).remotePath).toBe(expected);
  });

  it('keeps an absolute path on a backend that knows them', () => {
    const custom = { rcloneType: 'sftp' };
    const sync = givenSync({ provider: 'custom', custom, remotePath: '/srv/share/' });
    expect(sync.remotePath).toBe('/srv/share');
  });

  it.each([
    [0, 0],
    [60, 1],
    [61, 2],
    [90.5, 2],
    [3600, 60],
  ])('rounds an interval of %d seconds up to %d minutes', (interval, minutes) => {
    const sync = givenSync({ interval });
    expect(intervalMinutes(sync)).toBe(minutes);
    expect(sync.interval).toBe(minutes * 60);
  });

  it.each([
    ['interval', [-1, 1, 59, '60', null]],
    ['timeout', [59, '1800']],
    ['settle', [-1, 61]],
    ['maxDeletePercent', [-1, 101]],
    ['maxDeleteFiles', [-1, 1.5]],
    ['maxDropBytes', [0, 1.5]],
    ['provider', ['box', 1]],
    ['mode', ['push']],
    ['conflictResolve', ['older']],
    ['remotePath', ['a/../b', 'a\u0000', 1]],
    ['exclude', ['*.log']],
    ['trash', ['true']],
  ])('limits %s', (key, values) => {
    for (const value of values) expectKeys({ sync: { [key]: value } }, [`sync.${key}`]);
  });

  it.each(['', ' ', '***', 'a[', 'a[]', 'a]', '{a', 'a}', '{a,{b}}', 'a\nb', 'a\\'])(
    'refuses the pattern %j',
    (pattern) => {
      expectKeys({ sync: { exclude: ['ok', pattern] } }, ['sync.exclude[1]']);
    },
  );

  it('accepts every kind of pattern', () => {
    const exclude = ['/a/**', '*.{log,tmp}', '[a-z]?', '\\[x\\]', '{{.*\\.(?:a|b){2}$}}', '[{*]'];
    expect(givenSync({ exclude }).exclude).toEqual(exclude);
  });

  it.each([
    ['s3', 'bucket'],
    ['dropbox', 'token'],
    ['gdrive', 'token'],
    ['onedrive', 'token', 'driveId'],
    ['custom', 'rcloneType'],
  ])('needs of %s the %s', (provider, ...keys) => {
    const paths = keys.map((key) => `sync.${provider}.${key}`);
    expectKeys({ sync: { provider, mode: 'mailbox' } }, paths);
    expectKeys({ sync: { provider, mode: 'mailbox', [provider]: {} } }, paths);
  });

  it('needs a mode, both keys of a pair, and a webhook to notify', () => {
    expectKeys({ sync: { provider: 's3', s3: { bucket: 'b' } } }, ['sync.mode']);
    expectKeys({ sync: { s3: { accessKeyId: 'AKIA' } } }, ['sync.s3.secretAccessKey']);
    expectKeys({ sync: { s3: { secretAccessKey: '${KEY}' } } }, ['sync.s3.accessKeyId']);
    expectKeys({ sync: { ...dropbox, notifyOnInbox: true } }, ['sync.notifyOnInbox']);
  });
});
