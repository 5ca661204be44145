import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseListing } from '../../functions/shared/rclone/listing.ts';
import type { Remote } from '../../functions/shared/rclone/remote.ts';
import type { RcloneSession } from '../../functions/shared/rclone/session.ts';
import { at } from '../fixtures/rclone-world.ts';
import type { ProviderKind } from '../providers/provider.ts';
import { ProviderWorld } from '../providers/world.ts';

const kinds: ProviderKind[] = ['dropbox', 'onedrive', 'drive', 'box'];

describe.each(kinds)('the real rclone and %s', (kind) => {
  let world: ProviderWorld;
  let cloud: Remote;
  let session: RcloneSession;

  beforeAll(async () => {
    world = await ProviderWorld.start(kind);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    world.reset();
    cloud = world.cloud();
    session = await world.open(cloud);
  });
  afterEach(() => session.close());

  it('list files and folders, page by page', async () => {
    const names = Array.from({ length: 1_005 }, (_, index) => `Agent/many/${index}.txt`);
    world.provider.files.write({ ...Object.fromEntries(names.map((name) => [name, 'x'])) });
    world.provider.files.write({ 'Agent/sub/ü b.txt': 'two', 'Agent/empty': undefined });

    const { outcome, stdout } = await session.run({ kind: 'list', from: at(cloud) });

    const { files, folders } = parseListing(stdout);
    expect(outcome).toBe('done');
    expect(files).toHaveLength(1_006);
    expect(files).toContainEqual(expect.objectContaining({ path: 'sub/ü b.txt', size: 3 }));
    expect(folders.sort()).toEqual(['empty', 'many', 'sub']);
  });

  it('copy what is named to the cloud folder, and what was there into the trash', async () => {
    world.provider.files.write({ 'Agent/sub/old.txt': 'old', 'Agent/other.txt': 'stays' });
    world.rclone.write({ 'workspace/a b.txt': 'new', 'workspace/sub/old.txt': 'newer' });
    world.rclone.write({ 'workspace/zero': '' });

    const { outcome, account } = await session.run({
      kind: 'copy-named',
      from: at(world.workspace),
      to: at(cloud),
      files: ['a b.txt', 'sub/old.txt', 'zero'],
      compare: 'always',
      trash: at(cloud, '.trash/run'),
    });

    expect(outcome).toBe('done');
    expect(account.copied.map(({ path }) => path).sort()).toEqual([
      'a b.txt',
      'sub/old.txt',
      'zero',
    ]);
    expect(world.provider.files.texts).toEqual({
      'Agent/a b.txt': 'new',
      'Agent/sub/old.txt': 'newer',
      'Agent/.trash/run/sub/old.txt': 'old',
      'Agent/other.txt': 'stays',
      'Agent/zero': '',
    });
  });

  it('carry a file of several parts whole', async () => {
    const text = 'x'.repeat(21 << 20);
    world.rclone.write({ 'workspace/big.bin': text });

    const { outcome } = await session.run({
      kind: 'copy-named',
      from: at(world.workspace),
      to: at(cloud),
      files: ['big.bin'],
      compare: 'always',
    });

    expect(outcome).toBe('done');
    expect(world.provider.files.texts['Agent/big.bin'] === text).toBe(true);
  });

  it('take what is named from the cloud folder', async () => {
    world.provider.files.write({ 'Agent/_outbox/a.txt': 'drop', 'Agent/_outbox/b.txt': 'stays' });

    const { outcome, account } = await session.run({
      kind: 'move-named',
      from: at(cloud, '_outbox'),
      to: at(world.workspace, '_inbox'),
      files: ['a.txt'],
    });

    expect(outcome).toBe('done');
    expect(account.copied).toEqual([{ path: 'a.txt', size: 4 }]);
    expect(world.rclone.read('workspace')).toEqual({ '_inbox/a.txt': 'drop' });
    expect(world.provider.files.texts).toEqual({ 'Agent/_outbox/b.txt': 'stays' });
  });

  it('move and copy within the cloud folder, and overwrite nothing', async () => {
    world.provider.files.write({ 'Agent/a': 'a', 'Agent/b': 'b' });

    await session.run({ kind: 'move-one', from: at(cloud, 'a'), to: at(cloud, 'd/a2') });
    await session.run({ kind: 'copy-one', from: at(cloud, 'b'), to: at(cloud, 'd/b2') });
    await session.run({ kind: 'move-one', from: at(cloud, 'b'), to: at(cloud, 'd/a2') });

    expect(world.provider.files.texts).toEqual({
      'Agent/d/a2': 'a',
      'Agent/b': 'b',
      'Agent/d/b2': 'b',
    });
  });

  it('delete what is named, and purge a folder', async () => {
    world.provider.files.write({ 'Agent/a': 'a', 'Agent/b': 'b', 'Agent/.trash/x': 'x' });

    const { account } = await session.run({
      kind: 'delete-named',
      from: at(cloud),
      files: ['a', 'gone'],
    });
    await session.run({ kind: 'purge', at: at(cloud, '.trash') });

    expect(account.deleted).toEqual(['a']);
    expect(world.provider.files.texts).toEqual({ 'Agent/b': 'b' });
  });

  it('read a part of a file, and write one as a stream', async () => {
    world.provider.files.write({ 'Agent/a': 'abcdef' });
    const range = { offset: 2, length: 3 };

    const { stdout } = await session.run({ kind: 'read-one', from: at(cloud, 'a'), range });
    await session.write(at(cloud, 'd/new'), bytes('one', 'two'));

    expect(stdout).toBe('cde');
    expect(world.provider.files.texts['Agent/d/new']).toBe('onetwo');
  });

  it('make a folder', async () => {
    await session.run({ kind: 'make-folder', at: at(cloud, '_outbox') });

    expect(world.provider.files.find('Agent/_outbox')).toMatchObject({ bytes: undefined });
  });

  it('refresh an access token once, though a dozen requests want it', async () => {
    cloud = world.cloud(world.provider.token({ expired: true }));
    const other = await world.open(cloud);
    world.rclone.write({ 'workspace/a': 'a', 'workspace/b': 'b', 'workspace/c': 'c' });
    const given = world.provider.oauth.refreshToken;

    await other.run({
      kind: 'copy-named',
      from: at(world.workspace),
      to: at(cloud),
      files: ['a', 'b', 'c'],
      compare: 'always',
    });

    expect(world.provider.oauth.used).toEqual([given]);
    expect(readFileSync(join(other.folder, 'rclone.conf'), 'utf8')).toContain(
      world.provider.oauth.refreshToken,
    );
    await other.close();
  });
});

describe('refresh tokens', () => {
  it.each<[ProviderKind, boolean]>([
    ['onedrive', true],
    ['box', false],
  ])('that were used once serve again at %s: %s', async (kind, serves) => {
    const world = await ProviderWorld.start(kind);
    world.provider.files.write({ 'Agent/a': 'a' });
    const cloud = world.cloud(world.provider.token({ expired: true }));

    const outcomes: string[] = [];
    // Each session begins with the token that was given at first, as if none had been written back.
    for (let run = 0; run < 2; run++) {
      const session = await world.open(cloud);
      outcomes.push((await session.run({ kind: 'list', from: at(cloud) })).outcome);
      await session.close();
    }
    const newest = await world.open(world.cloud(world.provider.token()));
    outcomes.push((await newest.run({ kind: 'list', from: at(cloud) })).outcome);
    await newest.close();
    await world.close();

    // Where one is used again that serves once, all of them are revoked.
    expect(outcomes).toEqual(serves ? ['done', 'done', 'done'] : ['done', 'retryable', 'done']);
    expect(world.provider.oauth.refreshToken === 'revoked').toBe(!serves);
  });
});

// eslint-disable-next-line @typescript-eslint/require-await
async function* bytes(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
