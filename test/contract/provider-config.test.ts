import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  cloudRemote,
  customRemote,
  ownBucketRemote,
  rcloneConfig,
  type ProviderSettings,
  type Remote,
} from '../../functions/shared/rclone/remote.ts';
import { rcloneBinary } from '../fixtures/rclone.ts';
import { folderOfSuite } from '../fixtures/temporary-folder.ts';

interface Backend {
  Name: string;
  Options: { Name: string; Examples?: { Value: string }[] | null }[];
}

const own = { provider: 'AWS', region: 'eu-central-1' };
const token =
  '{"access_token":"a","token_type":"bearer","refresh_token":"r","expiry":"2036-11-22T10:00:00Z"}';

const folder = folderOfSuite('provider-config');
let backends: Map<string, Backend>;

beforeAll(() => {
  const all = JSON.parse(rclone(['config', 'providers'])) as Backend[];
  backends = new Map(all.map((backend) => [backend.Name, backend]));
});

/** What rclone prints, with these remotes as its configuration. */
function rclone(args: string[], remotes: Remote[] = []): string {
  const config = join(folder, 'rclone.conf');
  writeFileSync(config, rcloneConfig(remotes));
  const env = { RCLONE_CONFIG: config, HOME: folder };
  const { status, stdout, stderr } = spawnSync(rcloneBinary(), args, {
    env,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

function dump(remotes: Remote[]): Record<string, Record<string, string>> {
  return JSON.parse(rclone(['config', 'dump'], remotes)) as Record<string, Record<string, string>>;
}

const s3 = (s3Settings: object): ProviderSettings => ({
  provider: 's3',
  remotePath: 'folder',
  s3: { bucket: 'b', accessKeyId: 'AKID', secretAccessKey: 'secret/0123+==', ...s3Settings },
});

const app = { clientId: 'client', clientSecret: 'secret' };

const blocks: [string, ProviderSettings][] = [
  [
    'dropbox',
    { provider: 'dropbox', remotePath: '', dropbox: { appKey: 'k', appSecret: 's', token } },
  ],
  [
    'gdrive',
    {
      provider: 'gdrive',
      remotePath: 'x',
      gdrive: { ...app, token, teamDrive: '0ABC', rootFolderId: '1xyz' },
    },
  ],
  [
    'onedrive',
    {
      provider: 'onedrive',
      remotePath: 'x',
      onedrive: { ...app, token, driveId: 'b!1', driveType: 'business' },
    },
  ],
  ['AWS', s3({ region: 'eu-west-1' })],
  ['R2', s3({ region: 'auto', endpoint: 'https://a.r2.cloudflarestorage.com' })],
  ['MinIO', s3({ endpoint: 'http://minio:9000' })],
  ['B2', s3({ region: 'eu-central-003', endpoint: 'https://s3.eu-central-003.backblazeb2.com' })],
  ['Wasabi', s3({ endpoint: 'https://s3.eu-central-1.wasabisys.com' })],
  ['Scaleway', s3({ region: 'fr-par', endpoint: 'https://s3.fr-par.scw.cloud' })],
  ['Hetzner', s3({ region: 'fsn1', endpoint: 'https://fsn1.your-objectstorage.com' })],
  ['DigitalOcean', s3({ endpoint: 'https://fra1.digitaloceanspaces.com' })],
  ['Google’s S3', s3({ endpoint: 'https://storage.googleapis.com' })],
  [
    'WebDAV',
    {
      provider: 'custom',
      remotePath: 'x',
      custom: { rcloneType: 'webdav', rcloneOptions: { url: 'http://x', vendor: 'other' } },
    },
  ],
];

describe.each(blocks)('a block for %s', (_, settings) => {
  const remote = cloudRemote('cloud', settings, own);

  it('reaches rclone as the options that are meant, and no other', () => {
    expect(dump([remote])).toEqual({ cloud: remote.options });
  });

  it('has options that this rclone knows', () => {
    const backend = backends.get(remote.options['type'] ?? '');
    const known = backend?.Options.map(({ Name }) => Name);

    for (const key of Object.keys(remote.options)) {
      if (key !== 'type') expect(known).toContain(key);
    }
  });

  it('has flags that this rclone takes', () => {
    rclone(['config', 'dump', ...remote.flags], [remote]);
  });
});

describe('a remote that needs no network to be opened', () => {
  it.each(blocks.filter(([name]) => !['gdrive', 'onedrive', 'WebDAV'].includes(name)))(
    'is what the product takes it for: %s',
    (_, settings) => {
      const remote = cloudRemote('cloud', { ...settings, remotePath: '' }, own);

      const features = JSON.parse(
        rclone(['backend', 'features', `cloud:${remote.root}`], [remote]),
      ) as { Hashes: string[]; Features: Record<string, boolean> };

      expect(features.Features['CaseInsensitive']).toBe(remote.caseInsensitive);
      expect(features.Hashes.includes('md5')).toBe(remote.keepsMd5);
    },
  );
});

describe('makers of S3', () => {
  it('are those that rclone knows', () => {
    const names = backends
      .get('s3')
      ?.Options.find(({ Name }) => Name === 'provider')
      ?.Examples?.map(({ Value }) => Value);

    for (const [, settings] of blocks.filter(([, block]) => block.provider === 's3')) {
      expect(names).toContain(cloudRemote('cloud', settings, own).options['provider']);
    }
    expect(names).toContain(ownBucketRemote('x', 'b', 'p', own).options['provider']);
  });
});

/** What may stand in an option: rclone takes quotes, backticks and spaces for its own. */
const awkward = [
  'plain',
  'two words',
  ' space before',
  'space after ',
  '"quoted"',
  '"',
  "'single'",
  '`backticks`',
  'a`b',
  '"""three"""',
  '# no comment',
  'a # b',
  '; no comment',
  'a;b',
  'a=b',
  '[x]',
  '$HOME ${X} %x',
  'ü 😀 é',
  '\\back\\slash',
  '{"a":"b \\" c"}',
  'https://x/?a=%20b',
  'AbC0-_obscured_0123456789', // a password as it stands in an rclone.conf stays as it is
];

describe('options of custom', () => {
  it('survive the config file, each option of each backend', () => {
    const remotes = [...backends.values()].map(({ Name, Options }, index) => {
      const entries = Options.map((option, at) => [
        option.Name,
        awkward[(at + index) % awkward.length] ?? '',
      ]);
      const rcloneOptions = Object.fromEntries(entries) as Record<string, string>;
      return customRemote(`remote-${index}`, '', { rcloneType: Name, rcloneOptions });
    });

    const read = dump(remotes);

    expect(remotes.length).toBeGreaterThan(50);
    expect(read).toEqual(Object.fromEntries(remotes.map(({ name, options }) => [name, options])));
  });

  it.each(awkward)('survive whatever they hold: %j', (value) => {
    const custom = { rcloneType: 'webdav', rcloneOptions: { url: value, pass: value } };
    const remote = customRemote('cloud', '', custom);

    expect(dump([remote])).toEqual({ cloud: remote.options });
  });
});
