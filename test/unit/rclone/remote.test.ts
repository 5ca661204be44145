import { describe, expect, it } from 'vitest';
import { commandArguments } from '../../../functions/shared/rclone/command.ts';
import {
  cloudRemote,
  customRemote,
  folderRemote,
  ownBucketRemote,
  rcloneConfig,
  RemoteError,
  remotePath,
  type ProviderSettings,
  type Remote,
} from '../../../functions/shared/rclone/remote.ts';

const own = { provider: 'AWS', region: 'eu-central-1' };
const token = '{"access_token":"access-0123456789","refresh_token":"refresh-0123456789"}';

const providers: [string, ProviderSettings, Partial<Remote>][] = [
  [
    'Dropbox, with its pace and without batches that are done later',
    {
      provider: 'dropbox',
      remotePath: '/Agent/',
      dropbox: { appKey: 'app-key-0123', appSecret: 'app-secret-0123', token },
    },
    {
      root: 'Agent',
      options: {
        type: 'dropbox',
        client_id: 'app-key-0123',
        client_secret: 'app-secret-0123',
        token,
        batch_mode: 'sync',
      },
      caseInsensitive: true,
      keepsMd5: false,
      listsHashes: true,
      flags: ['--tpslimit=12', '--tpslimit-burst=12'],
    },
  ],
  [
    'Dropbox, by a token of rclone’s own app',
    { provider: 'dropbox', remotePath: 'Agent', dropbox: { token } },
    { options: { type: 'dropbox', token, batch_mode: 'sync' } },
  ],
  [
    'Google Drive, without documents that have no bytes',
    {
      provider: 'gdrive',
      remotePath: 'Agent files/sub',
      gdrive: {
        clientId: 'client-0123',
        clientSecret: 'secret-0123',
        token,
        teamDrive: '0ABC',
        rootFolderId: '1xyz',
      },
    },
    {
      root: 'Agent files/sub',
      options: {
        type: 'drive',
        scope: 'drive',
        client_id: 'client-0123',
        client_secret: 'secret-0123',
        token,
        team_drive: '0ABC',
        root_folder_id: '1xyz',
        skip_gdocs: 'true',
        skip_shortcuts: 'true',
        stop_on_upload_limit: 'true',
      },
      caseInsensitive: false,
      keepsMd5: true,
      listsHashes: true,
      flags: [],
    },
  ],
  [
    'OneDrive, personal unless it is said',
    { provider: 'onedrive', remotePath: '', onedrive: { token, driveId: 'd!1' } },
    {
      root: '',
      options: { type: 'onedrive', token, drive_id: 'd!1', drive_type: 'personal' },
      caseInsensitive: true,
      keepsMd5: false,
      listsHashes: true,
      flags: ['-v'],
    },
  ],
  [
    'S3 with keys of its own',
    {
      provider: 's3',
      remotePath: 'folder',
      s3: { bucket: 'b', region: 'us-west-2', accessKeyId: 'AKID', secretAccessKey: 's3-secret-0' },
    },
    {
      root: 'b/folder',
      options: {
        type: 's3',
        access_key_id: 'AKID',
        secret_access_key: 's3-secret-0',
        no_check_bucket: 'true',
        provider: 'AWS',
        region: 'us-west-2',
      },
      caseInsensitive: false,
      keepsMd5: true,
      listsHashes: false,
      flags: ['--s3-upload-cutoff=16Mi', '--s3-chunk-size=8Mi', '--s3-no-head'],
    },
  ],
  [
    'S3 by the function’s role, in its region',
    { provider: 's3', remotePath: '', s3: { bucket: 'b' } },
    {
      root: 'b',
      options: {
        type: 's3',
        env_auth: 'true',
        no_check_bucket: 'true',
        provider: 'AWS',
        region: 'eu-central-1',
      },
    },
  ],
  [
    'S3 of Cloudflare',
    {
      provider: 's3',
      remotePath: '/',
      s3: { bucket: 'b', endpoint: 'https://a.r2.cloudflarestorage.com' },
    },
    {
      root: 'b',
      options: {
        type: 's3',
        env_auth: 'true',
        no_check_bucket: 'true',
        provider: 'Cloudflare',
        endpoint: 'https://a.r2.cloudflarestorage.com',
      },
    },
  ],
  [
    'OneDrive, of a company and by an app of its own',
    {
      provider: 'onedrive',
      remotePath: '',
      onedrive: {
        clientId: 'client-0123',
        clientSecret: 'secret-0123',
        token,
        driveId: 'd!1',
        driveType: 'business',
      },
    },
    {
      options: {
        type: 'onedrive',
        client_id: 'client-0123',
        client_secret: 'secret-0123',
        token,
        drive_id: 'd!1',
        drive_type: 'business',
      },
    },
  ],
  [
    'any backend, whose absolute path stays one',
    {
      provider: 'custom',
      remotePath: '/srv/agent/',
      custom: { rcloneType: 'sftp', rcloneOptions: { host: 'h', user: 'u', pass: 'hidden-0123' } },
    },
    {
      root: '/srv/agent',
      options: { type: 'sftp', host: 'h', user: 'u', pass: 'hidden-0123' },
      caseInsensitive: false,
      keepsMd5: false,
      listsHashes: false,
      flags: [],
    },
  ],
  [
    'any backend that is known to take A for a',
    { provider: 'custom', remotePath: 'x', custom: { rcloneType: 'box' } },
    { options: { type: 'box' }, caseInsensitive: true },
  ],
];

describe('a cloud folder', () => {
  it.each(providers)('is one of %s', (_, settings, expected) => {
    expect(cloudRemote('cloud', settings, own)).toMatchObject({ name: 'cloud', ...expected });
    expect(cloudRemote('cloud', settings, own).options).toEqual(expected.options);
  });

  it.each(providers)('has no secret in an argument: %s', (_, settings) => {
    const remote = cloudRemote('cloud', settings, own);
    const place = { remote, path: '' };

    const { args } = commandArguments({
      kind: 'copy-named',
      from: place,
      to: place,
      files: ['a'],
      compare: 'always',
      trash: place,
    });

    for (const option of ['token', 'client_secret', 'secret_access_key', 'pass', 'access_key_id']) {
      const value = remote.options[option];
      if (value !== undefined) expect(args.join(' ')).not.toContain(value);
    }
  });

  it('cannot be told its type by an option', () => {
    const custom = { rcloneType: 'sftp', rcloneOptions: { type: 'local' } };

    expect(customRemote('cloud', '', custom).options).toEqual({ type: 'sftp' });
  });

  it.each<[string, ProviderSettings]>([
    ['off', { provider: 'off', remotePath: '' }],
    ['custom', { provider: 'custom', remotePath: '' }],
    ['custom', { provider: 'custom', remotePath: '', custom: { rcloneType: '' } }],
  ])('is none for %s', (name, settings) => {
    expect(() => cloudRemote('cloud', settings, own)).toThrow(RemoteError);
    expect(() => cloudRemote('cloud', settings, own)).toThrow(`provider "${name}"`);
  });
});

describe('a bucket of the deployment', () => {
  it('is reached by the role, where the runtime reaches it', () => {
    const local = { provider: 'Other', region: 'us-east-1', endpoint: 'http://127.0.0.1:4566' };

    expect(ownBucketRemote('workspace', 'b', 'main/workspace/', local)).toMatchObject({
      root: 'b/main/workspace',
      options: { type: 's3', env_auth: 'true', no_check_bucket: 'true', ...local },
      keepsMd5: true,
      listsHashes: false,
    });
  });
});

describe('a path of a remote', () => {
  it.each([
    ['', [], 'cloud:'],
    ['', ['a b'], 'cloud:a b'],
    ['root', [], 'cloud:root'],
    ['root', [''], 'cloud:root'],
    ['root', ['a', 'b'], 'cloud:root/a/b'],
    ['/srv', ['a'], 'cloud:/srv/a'],
  ])('below %j of %j is %s', (root, segments, path) => {
    const remote = customRemote('cloud', root, { rcloneType: 'sftp' });

    expect(remotePath(remote, ...segments)).toBe(path);
  });

  it('of this machine needs no section', () => {
    expect(remotePath(folderRemote('scratch', '/tmp/x'), 'a')).toBe(':local:/tmp/x/a');
  });
});

describe('the text of rclone.conf', () => {
  const webdav = (options: Record<string, string>): Remote =>
    customRemote('cloud', '', { rcloneType: 'webdav', rcloneOptions: options });

  it('has a section for each remote', () => {
    const next = customRemote('next', '', { rcloneType: 'box' });

    expect(rcloneConfig([webdav({ url: 'https://x', user: 'a = b' }), next])).toBe(
      '[cloud]\npacer_min_sleep = 1ms\nurl = https://x\nuser = a = b\ntype = webdav\n\n[next]\ntype = box\n',
    );
  });

  it.each([
    ['a line break', 'pass', 'x\n[other]\ntype = local'],
    ['a carriage return', 'pass', 'x\ry'],
    ['an end', 'pass', 'x\0y'],
    ['a line break in its name', 'a\nb', 'x'],
    ['an equals sign in its name', 'a = b', 'x'],
    ['brackets in its name', '[a]', 'x'],
    ['a reference that rclone would follow', 'pass', 'x%(type)s'],
  ])('is refused where an option holds %s', (_, key, value) => {
    expect(() => rcloneConfig([webdav({ [key]: value })])).toThrow(RemoteError);
  });

  it('never repeats the value that it refuses', () => {
    expect(() => rcloneConfig([webdav({ pass: 'secret-0123\n' })])).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') as string }),
    );
  });
});
