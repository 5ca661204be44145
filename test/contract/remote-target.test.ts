import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { customRemote, type Remote } from '../../functions/shared/rclone/remote.ts';
import type { RcloneSession } from '../../functions/shared/rclone/session.ts';
import { remoteTarget } from '../../functions/shared/snapshot/restore/remote-target.ts';
import type { RestoredFile } from '../../functions/shared/snapshot/restore/target.ts';
import { startRcloneServer, type RcloneServer } from '../../local/rclone-server.ts';
import { rcloneBinary } from '../fixtures/rclone.ts';
import { RcloneWorld } from '../fixtures/rclone-world.ts';

const login = { user: 'anna', password: 'odd pass 123456789' };

/** Names that something on the way to a remote splits, changes or passes over. */
const oddNames = [
  'plain.md',
  'two\nlines.txt',
  '\u201bquote.txt',
  'ctl\u0001.txt',
  'DEL\u007f',
  'carriage\rreturn',
  ' lead',
  'trail ',
  'trail.',
  'back\\slash',
  'col:on',
  '\uff02full',
  '\u2400nul',
  '# comment',
  '; rem',
  '*star',
  '%41',
  'caf\u00e9.md',
  'cafe\u0301.md',
];

function given(path: string, content = `content of ${path}`): RestoredFile {
  const bytes = Buffer.from(content);
  return { path, size: bytes.length, modified: 1e12, bytes, body: streamed(bytes) };
}

/** The same as a large file comes. */
function givenStreamed(path: string): RestoredFile {
  const { bytes, ...file } = given(path);
  expect(bytes).toBeDefined();
  return file;
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream of what is at hand
async function* streamed(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

describe.each(['sftp', 'webdav'] as const)('a restore over %s', (protocol) => {
  let world: RcloneWorld;
  let server: RcloneServer;
  let remote: Remote;
  let session: RcloneSession;

  beforeAll(async () => {
    world = new RcloneWorld();
    server = await startRcloneServer({ protocol, folder: world.cloudFolder, login });
    remote = protocol === 'sftp' ? overSftp(server.url) : overWebdav(server.url);
    session = await world.open([remote]);
  });
  afterAll(async () => {
    await session.close();
    await server.stop();
    world.remove();
  });
  beforeEach(() => {
    world.reset();
  });

  /** Every content is there once, under whatever name. */
  function expectThere(paths: readonly string[]): void {
    const texts = Object.values(world.read('cloud')).sort();
    expect(texts).toEqual(paths.map((path) => `content of ${path}`).sort());
  }

  it.each(oddNames)('brings the file %j, or fails', async (name) => {
    const target = remoteTarget(session, remote, '.restored/run');
    await target.write(given(`workspace/${name}`));
    await target.write(given('workspace/another'));

    const failure = await target.flush().catch((error: unknown) => error);

    if (failure === undefined) expectThere([`workspace/${name}`, 'workspace/another']);
    else expect(failure).toMatchObject({ code: expect.stringMatching(/^rclone-/) as unknown });
  });

  it('brings names that differ in their Unicode form or case alone, each with its content', async () => {
    const target = remoteTarget(session, remote, '.restored/run');
    const paths = ['caf\u00e9.md', 'cafe\u0301.md', 'README.md', 'readme.md'];
    for (const path of paths) await target.write(given(path));
    await target.flush();

    expectThere(paths);
    expect(target.collisions).toEqual(['cafe\u0301.md', 'readme.md']);
  });

  it('does not let a name of an earlier leg be replaced by another Unicode form of it', async () => {
    for (const path of ['caf\u00e9.md', 'cafe\u0301.md']) {
      const leg = remoteTarget(session, remote, '.restored/run');
      await leg.write(given(path));
      await leg.flush();
    }

    expectThere(['caf\u00e9.md', 'cafe\u0301.md']);
  });

  it('replaces what a leg has left that was killed and is done again', async () => {
    for (const content of ['half', 'content of a']) {
      const leg = remoteTarget(session, remote, '.restored/run');
      await leg.write(given('a', content));
      await leg.flush();
      expect(leg.collisions).toEqual([]);
    }

    expectThere(['a']);
  });

  it.each([
    ['together', given],
    ['one by one', givenStreamed],
  ])('gives another name to what would lie in a file, sent %s', async (_, file) => {
    const target = remoteTarget(session, remote, '.restored/run');
    for (const path of ['a', 'a/b', 'c/d', 'c']) await target.write(file(path));
    await target.flush();

    expectThere(['a', 'a/b', 'c/d', 'c']);
    expect(target.collisions).toEqual(['a/b', 'c']);
    expect(Object.keys(world.read('cloud'))).toContainEqual(
      expect.stringMatching(/^\.restored\/run\/renamed\/[0-9a-f]{16}\/file$/),
    );
  });

  it('gives another name to what is too long for a file system', async () => {
    const target = remoteTarget(session, remote, '.restored/run');
    const path = `workspace/${'l'.repeat(300)}`;
    await target.write(given(path));
    await target.flush();

    expectThere([path]);
    expect(target.collisions).toEqual([path]);
  });

  it('fails where rclone says that it has copied fewer files than it was given', async () => {
    const forgetful: RcloneSession = {
      ...session,
      async run(command) {
        const result = await session.run(command);
        return { ...result, account: { ...result.account, copied: [] } };
      },
    };
    const target = remoteTarget(forgetful, remote, '.restored/run');
    await target.write(given('workspace/a'));

    await expect(target.flush()).rejects.toMatchObject({ code: 'rclone-fatal', retryable: false });
  });
});

function overSftp(url: string): Remote {
  const { hostname: host, port } = new URL(url);
  const rcloneOptions = {
    host,
    port,
    user: login.user,
    pass: obscured(),
    known_hosts_file: 'none',
  };
  return customRemote('cloud', '', { rcloneType: 'sftp', rcloneOptions });
}

function overWebdav(url: string): Remote {
  const rcloneOptions = { url, vendor: 'other', user: login.user, pass: obscured() };
  return customRemote('cloud', '', { rcloneType: 'webdav', rcloneOptions });
}

function obscured(): string {
  const input = login.password;
  return spawnSync(rcloneBinary(), ['obscure', '-'], { input, encoding: 'utf8' }).stdout.trim();
}
