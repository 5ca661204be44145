import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isMissingFolder } from '../../functions/shared/rclone/listing.ts';
import { partialListing } from '../../functions/shared/rclone/partial-listing.ts';
import type { Remote } from '../../functions/shared/rclone/remote.ts';
import {
  RcloneError,
  type RcloneResult,
  type RcloneSession,
} from '../../functions/shared/rclone/session.ts';
import {
  explainErrors,
  worstTrouble,
  type TroubleCode,
} from '../../functions/shared/rclone/trouble.ts';
import { at } from '../fixtures/rclone-world.ts';
import type { ProviderKind } from '../providers/provider.ts';
import type { Fault } from '../providers/trouble.ts';
import { ProviderWorld } from '../providers/world.ts';

const kinds: ProviderKind[] = ['dropbox', 'onedrive', 'drive', 'box'];

let world: ProviderWorld;
let cloud: Remote;
let session: RcloneSession;

/** Copies files of the workspace to the cloud folder. */
function copy(...files: string[]): Promise<RcloneResult> {
  return session.run({
    kind: 'copy-named',
    from: at(world.workspace),
    to: at(cloud),
    files,
    compare: 'always',
  });
}

/** What rclone says of each file, as codes. */
function codesOf({ account }: RcloneResult): Record<string, TroubleCode> {
  const troubles = explainErrors(account).map(({ path = '', code }) => [path, code] as const);
  return Object.fromEntries(troubles);
}

describe.each(kinds)('trouble at %s', (kind) => {
  beforeAll(async () => {
    world = await ProviderWorld.start(kind);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    world.reset();
    world.rclone.write({ 'workspace/a.txt': 'a', 'workspace/b.txt': 'b' });
    cloud = world.cloud();
    session = await world.open(cloud);
  });
  afterEach(() => session.close());

  it.each<[Fault, TroubleCode]>([
    ['name-refused', 'name-refused'],
    ['forbidden', 'permission'],
  ])('with one file is told of this file, and the others arrive: %s', async (fault, code) => {
    // Google has no names that it refuses.
    if (kind === 'drive' && fault === 'name-refused') return;
    world.provider.trouble({ on: 'upload', path: 'Agent/a.txt', fault, times: Infinity });

    const result = await copy('a.txt', 'b.txt');

    expect(codesOf(result)).toEqual({ 'a.txt': code });
    expect(result.outcome).not.toBe('done');
    expect(world.provider.files.texts).toEqual({ 'Agent/b.txt': 'b' });
  });

  it('without room is told as such, and not as a fault of the credentials', async () => {
    world.provider.trouble({ on: 'upload', fault: 'quota-full', times: Infinity });

    const result = await copy('a.txt', 'b.txt');

    expect(worstTrouble(result.account)).toMatchObject({ code: 'quota-full', retryable: false });
    expect(Object.values(codesOf(result)).every((code) => /quota|cancelled/.test(code))).toBe(true);
    expect(new RcloneError('x', result).code).toBe('rclone-quota-full');
  });

  it('with access that was taken away says how to log in again, without a token', async () => {
    cloud = world.cloud(world.provider.token({ expired: true }));
    const refreshToken = world.provider.oauth.refreshToken;
    world.provider.oauth.revoke();
    const revoked = await world.open(cloud);

    const result = await revoked.run({ kind: 'list', from: at(cloud) });
    await revoked.close();

    const error = new RcloneError('The cloud folder cannot be listed', result);
    expect(error).toMatchObject({ code: 'rclone-unauthorized', retryable: false });
    expect(error.message).toContain(`rclone authorize ${cloud.options['type'] ?? ''}`);
    expect(JSON.stringify([error.message, world.rclone.lines])).not.toContain(refreshToken);
  });

  it('of a folder that is listed and cannot be opened is told of this folder', async () => {
    world.provider.files.write({ 'Agent/ghost/x': 'x', 'Agent/good/y': 'y', 'Agent/z': 'z' });
    const ghost = { on: 'list', path: 'Agent/ghost', fault: 'not-found', times: Infinity } as const;
    world.provider.trouble(ghost);

    const result = await session.run({ kind: 'list', from: at(cloud) });

    expect(result.outcome).not.toBe('done');
    expect(isMissingFolder(result)).toBe(false);
    const partial = partialListing(result);
    if (kind === 'drive') {
      // It lists many folders by one request: nothing is known of any.
      expect(codesOf(result)).toEqual({ '': 'vanished' });
      expect(partial).toBeUndefined();
    } else {
      expect(codesOf(result)).toEqual({ ghost: 'vanished' });
      expect(partial?.unlisted).toEqual(['ghost']);
      expect(partial?.listing.files.map(({ path }) => path).sort()).toEqual(['good/y', 'z']);
    }
  });

  it('with the whole cloud folder leaves nothing to rely upon', async () => {
    world.provider.files.write({ 'Agent/good/y': 'y' });
    const all = { on: 'list', path: 'Agent', fault: 'forbidden', times: Infinity } as const;
    world.provider.trouble(all);

    const result = await session.run({ kind: 'list', from: at(cloud) });

    expect(result.outcome).not.toBe('done');
    expect(partialListing(result)).toBeUndefined();
  });

  it('of a file that is gone before it is read is told of this file', async () => {
    world.provider.files.write({ 'Agent/_outbox/a': 'a', 'Agent/_outbox/b': 'b' });
    const path = 'Agent/_outbox/a';
    world.provider.trouble({ on: 'download', path, fault: 'not-found', times: Infinity });

    const result = await session.run({
      kind: 'copy-named',
      from: at(cloud, '_outbox'),
      to: at(world.workspace, '_inbox'),
      files: ['a', 'b'],
      compare: 'always',
    });

    expect(codesOf(result)).toMatchObject({ a: 'vanished' });
    expect(world.rclone.read('workspace/_inbox')).toEqual({ b: 'b' });
  });

  it('that passes is sat out, and counted', async () => {
    world.provider.files.write({ 'Agent/z': 'z' });
    world.provider.trouble({ on: 'list', fault: 'rate-limited', retryAfter: 1 });

    const result = await session.run({ kind: 'list', from: at(cloud) });

    expect(result.outcome).toBe('done');
    if (kind === 'dropbox' || kind === 'onedrive') {
      expect(result.account).toMatchObject({ waitSeconds: 1 });
      expect(result.account.retries).toBeGreaterThan(0);
    }
  });
});

describe.each<ProviderKind>(['dropbox', 'onedrive'])('a wait of minutes at %s', (kind) => {
  beforeAll(async () => {
    world = await ProviderWorld.start(kind);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    world.reset();
    cloud = world.cloud();
    session = await world.open(cloud);
    world.provider.trouble({ fault: 'rate-limited', retryAfter: 300, times: Infinity });
  });
  afterEach(() => session.close());

  it('is not waited for: rclone is stopped, and the result says how long it would be', async () => {
    const before = performance.now();

    const result = await session.run({ kind: 'list', from: at(cloud) });

    expect(result).toMatchObject({ outcome: 'rate-limited', retryAfterSeconds: 300 });
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(new RcloneError('x', result)).toMatchObject({
      code: 'rclone-rate-limited',
      retryable: true,
      retryAfterSeconds: 300,
    });
  });

  it('ends a copy and a stream, too', async () => {
    world.rclone.write({ 'workspace/a': 'a', 'workspace/b': 'b' });

    const result = await copy('a', 'b');

    expect(result).toMatchObject({ outcome: 'rate-limited', retryAfterSeconds: 300 });
    await expect(drained(session.read(at(cloud, 'z')))).rejects.toMatchObject({
      code: 'rclone-rate-limited',
    });
    await expect(session.write(at(cloud, 'new'), one())).rejects.toMatchObject({
      code: 'rclone-rate-limited',
    });
  });
});

describe('names that Dropbox never takes', () => {
  beforeAll(async () => {
    world = await ProviderWorld.start('dropbox');
    cloud = world.cloud();
    session = await world.open(cloud);
  });
  afterAll(async () => {
    await session.close();
    await world.close();
  });

  it('are left out one by one', async () => {
    const names = ['thumbs.db', 'Desktop.ini', 'good.txt', 'trailing dot.', 'trailing space '];
    world.rclone.write(Object.fromEntries(names.map((name) => [`workspace/${name}`, name])));

    const result = await copy(...names);

    expect(codesOf(result)).toEqual({ 'thumbs.db': 'name-refused', 'Desktop.ini': 'name-refused' });
    expect(Object.values(world.provider.files.texts).sort()).toEqual([
      'good.txt',
      'trailing dot.',
      'trailing space ',
    ]);
  });

  it('say so although they are one in another case', async () => {
    world.provider.files.write({ 'Agent/Readme.md': 'theirs' });
    world.rclone.write({ 'workspace/README.md': 'mine' });

    const result = await copy('README.md');

    // One file is both: who sends it has to know that before (`caseInsensitive` of the remote).
    expect(result.outcome).toBe('done');
    expect(cloud.caseInsensitive).toBe(true);
    expect(world.provider.files.texts).toMatchObject({ 'Agent/Readme.md': 'mine' });
  });
});

async function drained(bytes: AsyncIterable<Buffer>): Promise<void> {
  for await (const part of bytes) expect(part).toHaveLength(0);
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* one(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one');
}
