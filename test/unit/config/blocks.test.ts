import { describe, expect, it } from 'vitest';
import { parseAgentConfig } from '../../../functions/shared/config/index.ts';
import { dropbox, expectKeys, givenAgent, noticesOf } from './given.ts';

const efs = {
  kind: 'efs',
  accessPointArn: 'arn:aws:elasticfilesystem:eu-west-1:111122223333:access-point/fsap-0123',
  fileSystemId: 'fs-0123',
  vpcId: 'vpc-0123',
  subnetIds: ['subnet-0123'],
  securityGroupId: 'sg-0123',
};
const native = { provider: 's3', mode: 'mailbox', s3: { bucket: 'team' } };
const webhook = { url: 'https://gw.example:18789/hooks/', token: '${WEBHOOK_TOKEN}' };

describe('defaults', () => {
  it('are those of the original, and our own', () => {
    expect(givenAgent({})).toEqual({
      name: 'main',
      workspace: { kind: 's3' },
      sync: {
        checkAccess: false,
        provider: 'off',
        ingest: false,
        ingestPath: 'inbox',
        notifyOnInbox: false,
        remotePath: 'openclaw-share',
        localPath: 'shared',
        interval: 0,
        timeout: 1800,
        onSessionStart: false,
        onSessionEnd: false,
        remoteName: 'cloud',
        conflictResolve: 'newer',
        exclude: ['**/.DS_Store'],
        copySymlinks: false,
        verbose: false,
        settle: 5,
        maxDeletePercent: 50,
        maxDeleteFiles: 10,
        trash: true,
        maxDropBytes: 10_737_418_240,
      },
      backup: {
        enabled: false,
        remoteName: 'backup',
        prefix: '',
        interval: 86_400,
        encrypt: false,
        include: ['workspace', 'config', 'cron', 'memory'],
        retain: 7,
        exclude: ['**/.DS_Store'],
        timeout: 21_600,
        verifyInterval: 604_800,
        timeZone: 'UTC',
        anomalyPercent: 50,
      },
    });
  });

  it('of a webhook wake the agent now', () => {
    expect(givenAgent({ webhook }).webhook).toEqual({
      url: 'https://gw.example:18789/hooks',
      token: '${WEBHOOK_TOKEN}',
      mode: 'wake',
      window: 10,
      wakeMode: 'now',
    });
  });
});

describe('workspace', () => {
  it('may be EFS or a remote', () => {
    const remote = { kind: 'remote', rcloneType: 'sftp', rcloneOptions: { host: 'h' }, path: '/w' };
    expect(givenAgent({ sync: {}, workspace: efs }).workspace).toEqual({ ...efs, path: '' });
    expect(givenAgent({ sync: {}, workspace: remote }).workspace).toEqual(remote);
  });

  it('may say where the state of the agent lies, the root of the storage included', () => {
    const sftp = { kind: 'remote', rcloneType: 'sftp', path: '/home/a/ws' };
    const state = (workspace: object): unknown => givenAgent({ workspace }).workspace;
    expect(state({ ...efs, path: 'workspace', statePath: '.' })).toMatchObject({ statePath: '' });
    expect(state({ ...efs, statePath: './a//b/' })).toMatchObject({ statePath: 'a/b' });
    expect(state({ ...sftp, statePath: '/home/a/.openclaw' })).toMatchObject({
      statePath: '/home/a/.openclaw',
    });
  });

  it.each([
    [{ ...efs, statePath: '/a' }, 'workspace.statePath'],
    [{ ...efs, statePath: '../a' }, 'workspace.statePath'],
    [{ kind: 'remote', rcloneType: 'sftp', statePath: 'a/../b' }, 'workspace.statePath'],
    [{ kind: 's3', statePath: 'a' }, 'workspace.statePath'],
    [{ kind: 'nfs' }, 'workspace.kind'],
    [{}, 'workspace.kind'],
    ['s3', 'workspace'],
    [{ ...efs, subnetIds: [] }, 'workspace.subnetIds'],
    [{ ...efs, accessPointArn: 'fsap-1' }, 'workspace.accessPointArn'],
    [{ kind: 'remote' }, 'workspace.rcloneType'],
    [{ kind: 'remote', rcloneType: 'sftp', path: 'a/../b' }, 'workspace.path'],
    [
      { kind: 'remote', rcloneType: 'sftp', rcloneOptions: { port: 22 } },
      'workspace.rcloneOptions.port',
    ],
  ])('refuses %j', (workspace, key) => {
    expectKeys({ workspace }, [key]);
  });
});

describe('webhook', () => {
  it.each([
    'http://localhost:1/h',
    'http://10.0.0.1',
    'http://172.31.0.1',
    'http://100.64.0.1',
    'http://[::1]:1',
    'http://gw.tail.ts.net',
    'http://gw.local',
    'http://gw.internal',
  ])('may be plain http at %s', (url) => {
    expect(givenAgent({ webhook: { ...webhook, url } }).webhook?.url).toBe(url);
  });

  it.each([
    'x',
    'ftp://a',
    'http://example.com',
    'http://172.32.0.1',
    'http://100.128.0.1',
    'http://10.0.0.1.example.com',
    'https://u:p@a',
    'https://a?token=x',
    'https://a/#',
    'https://a/hooks/wake',
  ])('may not be %s', (url) => {
    expectKeys({ webhook: { ...webhook, url } }, ['webhook.url']);
  });

  it('posts to a generic URL exactly as it is written', () => {
    const generic = { mode: 'generic', url: 'https://a/x/', secret: '${SIGNING}' };
    expect(givenAgent({ webhook: generic }).webhook?.url).toBe('https://a/x/');
  });

  it('needs the credential of its mode, and a channel with its recipient', () => {
    const url = 'https://a';
    expectKeys({ webhook: { url } }, ['webhook.token']);
    expectKeys({ webhook: { url, mode: 'agent' } }, ['webhook.token']);
    expectKeys({ webhook: { url, mode: 'generic' } }, ['webhook.secret']);
    expectKeys({ webhook: { ...webhook, to: 'x' } }, ['webhook.channel']);
    expectKeys({ webhook: { ...webhook, channel: 'x' } }, ['webhook.to']);
    expectKeys({ webhook: { ...webhook, window: 901, timeoutSeconds: 0 } }, [
      'webhook.window',
      'webhook.timeoutSeconds',
    ]);
  });
});

describe('normalised agents', () => {
  it.each([
    {},
    {
      sync: { ...dropbox, localPath: '/', interval: 61, notifyOnInbox: true },
      webhook,
      workspace: efs,
    },
    {
      sync: { provider: 'custom', mode: 'mirror', remotePath: '/x', custom: { rcloneType: 'b2' } },
    },
    { backup: { enabled: true, provider: 's3', interval: 1, retain: { daily: 1 } } },
    { sync: { ...native, remotePath: 'files' }, backup: { enabled: true } },
    { sync: native, backup: { enabled: true, provider: 's3', prefix: 'main/', timeZone: 'CET' } },
  ])('parse to themselves: %j', (blocks) => {
    const agent = givenAgent(blocks);
    const written: unknown = JSON.parse(JSON.stringify(agent));
    expect(parseAgentConfig(written)).toEqual(agent);
  });

  it('are refused with every problem where somebody changed them', () => {
    expect(() => parseAgentConfig({ name: 'a', sync: { interval: 1 }, x: 1 })).toThrow(
      /2 problems/,
    );
    expect(() => parseAgentConfig(3)).toThrow(/1 problem/);
  });
});

describe('ingest', () => {
  const mirror = { ...dropbox, mode: 'mirror', ingest: true };

  it.each([
    ['the synchronised folder itself', { localPath: 'inbox' }],
    ['a folder in it', { localPath: 'a', ingestPath: 'a/b' }],
    ['a folder around it', { localPath: 'inbox/shared', ingestPath: '.' }],
  ])('may not copy up what is pulled down: %s', (_, paths) => {
    expectKeys({ sync: { ...mirror, ...paths } }, ['sync.ingestPath']);
  });

  it.each([{ localPath: '/' }, { localPath: 'shared' }, { localPath: 'a/b', ingestPath: 'bc' }])(
    'may lie beside the synchronised folder, or in the whole workspace: %o',
    (paths) => {
      expect(givenAgent({ sync: { ...mirror, ...paths } }).sync.ingest).toBe(true);
    },
  );
});

describe('notices', () => {
  it('tell what was changed and what has no effect', () => {
    const sync = { ...dropbox, interval: 90, remoteName: 'x', configPath: '/y', ingest: true };
    expect(noticesOf({ sync, webhook }).map(({ key }) => key)).toEqual([
      'sync.remoteName',
      'sync.configPath',
      'sync.interval',
      'sync.ingest',
      'webhook',
    ]);
    expect(noticesOf({ sync: { ...dropbox, interval: 60, remoteName: 'cloud' } })).toEqual([]);
  });
});

describe('an exclude in mode bisync', () => {
  const bisync = { ...native, mode: 'bisync' };

  it.each([
    '*.conflict*',
    '**/*.conflict1',
    '/notes/*.conflict[0-9]',
    '*.md.*',
    '*.{bak,conflict*}',
  ])('must not hide what is kept of a conflict: %s', (pattern) => {
    expectKeys({ sync: { ...bisync, exclude: ['*.log', pattern] } }, ['sync.exclude']);
    expect(givenAgent({ sync: { ...native, exclude: [pattern] } }).sync.mode).toBe('mailbox');
  });

  it.each(['*.log', '*.md*', 'node_modules/**', '**', '*.conflict*/**', 'cache/'])(
    'may be %s',
    (pattern) => {
      expect(givenAgent({ sync: { ...bisync, exclude: [pattern] } }).sync.mode).toBe('bisync');
    },
  );
});
