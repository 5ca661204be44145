import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { folderRemote } from '../../../../functions/shared/rclone/remote.ts';
import type { RcloneSession } from '../../../../functions/shared/rclone/session.ts';
import { ObjectIncompleteError } from '../../../../functions/shared/snapshot/store/errors.ts';
import { rcloneStore } from '../../../../functions/shared/snapshot/store/rclone-store.ts';
import type { SnapshotStore } from '../../../../functions/shared/snapshot/store/store.ts';
import { rcloneBinary } from '../../../fixtures/rclone.ts';
import { RcloneWorld } from '../../../fixtures/rclone-world.ts';

let world: RcloneWorld;
let session: RcloneSession;

beforeEach(() => {
  world = new RcloneWorld();
});
afterEach(async () => {
  await session.close();
  world.remove();
});

/** A store on an rclone of which one command is cut short, though it ends well. */
async function givenShort(verb: string, instead: string): Promise<SnapshotStore> {
  const binary = join(world.root, 'rclone');
  const real = rcloneBinary();
  writeFileSync(
    binary,
    `#!/bin/sh\nPATH=/bin:/usr/bin\nif [ "$1" = ${verb} ]; then ${instead.replaceAll('RCLONE', real)}; exit 0; fi\nexec ${real} "$@"\n`,
  );
  chmodSync(binary, 0o755);
  const remote = folderRemote('cloud', world.cloudFolder);
  session = await world.open([remote], { binary });
  return rcloneStore({ session, remote, description: 'the folder' });
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream of what is at hand
async function* once(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

it('notices that fewer bytes came than the object has', async () => {
  world.write({ 'cloud/a': 'twenty bytes of text' });
  const store = await givenShort('cat', 'RCLONE "$@" | head -c 10');

  let text = '';
  const reading = (async () => {
    for await (const chunk of store.read('a')) text += chunk.toString();
  })();

  await expect(reading).rejects.toThrow(ObjectIncompleteError);
  await expect(reading).rejects.toThrow('10 bytes instead of 20');
  expect(text).toBe('twenty byt');
});

it('removes an object of which less is there than was sent', async () => {
  const store = await givenShort('rcat', 'head -c 10 | RCLONE "$@"; cat >/dev/null');

  await expect(store.write('a', once('x'.repeat(5_000)))).rejects.toThrow(
    '10 bytes instead of 5000',
  );

  expect(readdirSync(world.cloudFolder)).toEqual([]);
});

it('does not take an object for written that is not there', async () => {
  const store = await givenShort('rcat', 'cat >/dev/null');

  await expect(store.write('a', once(''))).rejects.toThrow('"a" is not in the folder.');
});

it('does not take an input for whole that rclone left unread', async () => {
  const store = await givenShort('rcat', 'head -c 10 | RCLONE "$@"');

  await expect(store.write('a', once('x'.repeat(5_000_000)))).rejects.toThrow('cannot be written');
  expect(readdirSync(world.cloudFolder)).toEqual([]);
});

it('leaves nothing of small objects in its folder', async () => {
  world.write({ 'cloud/a': 'a', 'cloud/b': 'b' });
  const store = await givenShort('never', 'true');

  expect([...(await store.readSmall(['a', 'b'])).keys()].sort()).toEqual(['a', 'b']);

  expect(readdirSync(session.folder)).toEqual(['rclone.conf']);
});
