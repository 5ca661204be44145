import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isMissingFolder, parseListing } from '../../functions/shared/rclone/listing.ts';
import {
  cloudRemote,
  type ProviderSettings,
  type Remote,
} from '../../functions/shared/rclone/remote.ts';
import {
  RcloneError,
  type RcloneResult,
  type RcloneSession,
} from '../../functions/shared/rclone/session.ts';
import { explainErrors, worstTrouble } from '../../functions/shared/rclone/trouble.ts';
import { startRcloneServer } from '../../local/rclone-server.ts';
import { at, RcloneWorld } from '../fixtures/rclone-world.ts';
import { folderOfSuite } from '../fixtures/temporary-folder.ts';
import { rcloneBinary } from '../fixtures/rclone.ts';
import { startFtpServer } from '../providers/ftp-server.ts';

const login = { user: 'anna', password: 'right-password-0123456789' };
const bucket = 'bucket';
const own = { provider: 'AWS', region: 'us-east-1' };

/** A running server and the configurations of a cloud folder `Agent` there. */
interface Served {
  settings: (secret: string) => ProviderSettings;
  stop: () => Promise<void>;
}

const protocols: Record<string, (folder: string) => Promise<Served>> = {
  async s3(folder) {
    const keys = { accessKeyId: 'AKID', secretAccessKey: login.password };
    const { url, stop } = await startRcloneServer({ protocol: 's3', folder, keys });
    const settings = (secretAccessKey: string): ProviderSettings => ({
      provider: 's3',
      remotePath: 'Agent',
      s3: { bucket, endpoint: url, accessKeyId: 'AKID', secretAccessKey },
    });
    return { settings, stop };
  },
  async webdav(folder) {
    const { url, stop } = await startRcloneServer({ protocol: 'webdav', folder, login });
    return { settings: custom('webdav', { url, vendor: 'other' }), stop };
  },
  async sftp(folder) {
    const { url, stop } = await startRcloneServer({ protocol: 'sftp', folder, login });
    const [host = '', port = ''] = url.replace('sftp://', '').split(':');
    return { settings: custom('sftp', { host, port, known_hosts_file: 'none' }), stop };
  },
  async ftp(folder) {
    const { port, stop } = await startFtpServer({ folder, login });
    return { settings: custom('ftp', { host: '127.0.0.1', port: String(port) }), stop };
  },
};

function custom(rcloneType: string, options: Record<string, string>) {
  return (secret: string): ProviderSettings => ({
    provider: 'custom',
    remotePath: `${bucket}/Agent`,
    custom: { rcloneType, rcloneOptions: { ...options, user: login.user, pass: obscured(secret) } },
  });
}

/** As `rclone.conf` wants a password. */
function obscured(text: string): string {
  const { stdout } = spawnSync(rcloneBinary(), ['obscure', '-'], { input: text, encoding: 'utf8' });
  return stdout.trim();
}

const names = [
  'a.txt',
  'two words.txt',
  'ü é 😀.txt',
  'sub folder/ö/deep.txt',
  '# no comment;.txt',
];

describe.each(Object.entries(protocols))('a cloud folder over %s', (protocol, serve) => {
  const world = new RcloneWorld();
  const { workspace } = world;
  const folder = folderOfSuite(`served-${protocol}`);
  let served: Served;
  let cloud: Remote;
  let session: RcloneSession;

  beforeAll(async () => {
    served = await serve(folder);
  });
  afterAll(async () => {
    await served.stop();
    world.remove();
  });
  beforeEach(async () => {
    world.reset();
    rmSync(join(folder, bucket), { recursive: true, force: true });
    mkdirSync(join(folder, bucket));
    cloud = cloudRemote('cloud', served.settings(login.password), own);
    session = await world.open([cloud, workspace]);
    world.write(Object.fromEntries(names.map((name) => [`workspace/${name}`, name])));
  });
  afterEach(() => session.close());

  function copy(...files: string[]): Promise<RcloneResult> {
    return session.run({
      kind: 'copy-named',
      from: at(workspace),
      to: at(cloud),
      files,
      compare: 'always',
    });
  }

  async function listed(): Promise<string[]> {
    const { stdout } = await session.run({ kind: 'list', from: at(cloud) });
    return parseListing(stdout).files.map(({ path }) => path);
  }

  it('takes files under their names, lists them and gives them back', async () => {
    const sent = await copy(...names);
    const taken = await session.run({
      kind: 'move-named',
      from: at(cloud),
      to: at(workspace, '_inbox'),
      files: names,
    });

    expect(sent.account.copied.map(({ path }) => path).sort()).toEqual([...names].sort());
    expect(taken.outcome).toBe('done');
    expect(world.read('workspace/_inbox')).toEqual(
      Object.fromEntries(names.map((name) => [name, name])),
    );
    expect(await listed()).toEqual([]);
  });

  it('moves within itself and deletes what is named', async () => {
    await copy('a.txt', 'two words.txt');

    await session.run({ kind: 'move-one', from: at(cloud, 'a.txt'), to: at(cloud, 'd/ü.txt') });
    const deleted = await session.run({
      kind: 'delete-named',
      from: at(cloud),
      files: ['two words.txt'],
    });

    expect(deleted.account.deleted).toEqual(['two words.txt']);
    expect(await listed()).toEqual(['d/ü.txt']);
  });

  it('says of a wrong password or key what to do', async () => {
    const other = cloudRemote('cloud', served.settings('wrong-password'), own);
    const refused = await world.open([other, workspace]);

    const result = await refused.run({ kind: 'list', from: at(other) });
    await refused.close();

    const error = new RcloneError('The cloud folder cannot be listed', result);
    expect(error).toMatchObject({ code: 'rclone-unauthorized', retryable: false });
    expect(error.message).toMatch(/does not accept the credentials: check/);
  });

  it('that is not there is told from one that is empty, except by S3, which has no folders', async () => {
    const result = await session.run({ kind: 'list', from: at(cloud, 'nowhere') });

    expect(isMissingFolder(result)).toBe(protocol !== 's3');
  });

  // WebDAV says nothing but "Method Not Allowed", S3 nothing but "Internal Error".
  it.runIf(protocol === 'sftp' || protocol === 'ftp')(
    'names the file whose name is too long for the server',
    async () => {
      const result = await session.run({
        kind: 'copy-one',
        from: at(workspace, 'a.txt'),
        to: at(cloud, 'x'.repeat(300)),
      });

      expect(worstTrouble(result.account)).toMatchObject({
        code: 'name-refused',
        retryable: false,
      });
      expect(explainErrors(result.account)[0]?.sentence).toMatch(/^"a\.txt" was not stored/);
    },
  );
});
