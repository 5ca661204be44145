import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseListing, type ListedFile } from '../../functions/shared/rclone/listing.ts';
import { isPlain } from '../../functions/shared/rclone/names.ts';
import { ownBucketRemote, type Remote } from '../../functions/shared/rclone/remote.ts';
import type { RcloneSession } from '../../functions/shared/rclone/session.ts';
import { listPrefix } from '../../functions/shared/workspace/listing.ts';
import { startEmulator, type Emulator } from '../../local/emulator.ts';
import { at, RcloneWorld } from '../fixtures/rclone-world.ts';

const names = [
  'plain.txt',
  'tab\there',
  'two\nlines',
  'carriage\rreturn',
  'bell\u0007',
  'unit\u001f',
  'delete\u007f',
  'line picture \u240a',
  'delete picture \u2421',
  'no picture of a control: \u2420\u2424',
  'two\u201b\u201bquotes',
  'quotes and picture \u201b\u201b\u240a',
  'quote and NUL \u201b\u2400',
  'wide\uff0fslash',
  'quote and wide\u201b\uff0fslash',
  'wide\uff0edot',
  '\uff0e\uff0e\uff0e',
  'folder\there/file',
  '\u201b\uff0e/quoted dot',
  '\u201b\uff0e\u201b\uff0e',
  'é, e\u0301, 😀 and \ufffd',
  ' spaces ',
  'dots..',
  'back\\slash',
  '__proto__',
];

const noPaths = ['/leading', 'a//b', 'folder with content/'];

const unreachable = [
  '\u201bfolder/file',
  './a',
  'a/../b',
  '..',
  'byte \u201bE9',
  '\u201bcafe',
  'It\u201bs mine',
];

let emulator: Emulator;
let client: S3Client;
let world: RcloneWorld;
let remote: Remote;
let session: RcloneSession;
const bucket = `names-${randomBytes(6).toString('hex')}`;

beforeAll(async () => {
  emulator = await startEmulator();
  client = new S3Client({ ...emulator.client, forcePathStyle: true });
  world = new RcloneWorld();
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  for (const name of [...names, ...noPaths, ...unreachable]) {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: `main/${name}`, Body: name }));
  }
  // Like the real service, and unlike most others, it is asked to encode the keys of a listing.
  const access = { provider: 'AWS', region: emulator.region, endpoint: emulator.url };
  remote = ownBucketRemote('names', bucket, 'main', access);
  session = await world.open([remote], {
    env: {
      AWS_ACCESS_KEY_ID: emulator.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: emulator.credentials.secretAccessKey,
    },
  });
});
afterAll(async () => {
  await session.close();
  client.destroy();
  world.remove();
  await emulator.stop();
});

const sorted = (paths: Iterable<string>): string[] => [...paths].sort();
const pathsOf = (files: ListedFile[]): string[] => sorted(files.map(({ path }) => path));

describe('an object of S3', () => {
  it('has in our listing the name that rclone gives it', async () => {
    const ours = (await listPrefix(client, bucket, 'main/')).files;

    const { stdout } = await session.run({ kind: 'list', from: at(remote) });

    expect(pathsOf(ours.filter(isNamed))).toEqual(
      pathsOf(parseListing(stdout).files.filter(isNamed)),
    );
    expect(ours).toHaveLength(names.length + noPaths.length + unreachable.length);
  });

  it('is found by rclone under that name, or known to be not', async () => {
    const { files } = await listPrefix(client, bucket, 'main/');
    const listable = files.filter(({ path }) => isPlain(path));

    const { account } = await session.run({
      kind: 'copy-named',
      from: at(remote),
      to: at(world.workspace),
      files: pathsOf(listable),
      compare: 'always',
    });

    const reachable = listable.filter((file) => file.unreachable === undefined);
    expect(sorted(account.copied.map(({ path }) => path))).toEqual(pathsOf(reachable));
    expect(sorted(Object.values(world.read('workspace')))).toEqual(sorted(names));
  });
});

/** rclone takes a quote before two digits for a byte, and shows something that is no text. */
function isNamed({ path }: ListedFile): boolean {
  return !/\u201bE9$|\u201bcafe$|^byte .$|^.fe$/u.test(path);
}
