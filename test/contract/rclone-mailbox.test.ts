import { randomBytes } from 'node:crypto';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../functions/shared/clock.ts';
import { receiptId } from '../../functions/shared/mailbox/delivery.ts';
import { deliver, type DeliveryResult } from '../../functions/shared/mailbox/deliver.ts';
import { rcloneCarrier, rcloneInbox } from '../../functions/shared/mailbox/rclone-mailbox.ts';
import {
  hashDrops,
  listDrops,
  s3Outbox,
  type DropPlace,
} from '../../functions/shared/mailbox/s3-outbox.ts';
import { ownBucketRemote } from '../../functions/shared/rclone/remote.ts';
import { stagedCarrier } from '../../functions/shared/mailbox/staging.ts';
import { writeFenced } from '../../functions/shared/state/fenced.ts';
import { stagingPrefix, stateKeys } from '../../functions/shared/contract/index.ts';
import { startEmulator, type Emulator } from '../../local/emulator.ts';
import { MemoryObjectStore } from '../fixtures/memory-object-store.ts';
import { RcloneWorld } from '../fixtures/rclone-world.ts';

let emulator: Emulator;
let client: S3Client;
let world: RcloneWorld;
let place: DropPlace;

beforeAll(async () => {
  emulator = await startEmulator();
  client = new S3Client({ ...emulator.client, forcePathStyle: true });
  world = new RcloneWorld();
});
afterAll(async () => {
  client.destroy();
  world.remove();
  await emulator.stop();
});
beforeEach(async () => {
  world.reset();
  place = { client, bucket: `exchange-${randomBytes(6).toString('hex')}`, agent: 'main' };
  await client.send(new CreateBucketCommand({ Bucket: place.bucket }));
  await client.send(
    new PutBucketVersioningCommand({
      Bucket: place.bucket,
      VersioningConfiguration: { Status: 'Enabled' },
    }),
  );
});

async function givenDrops(...drops: [path: string, text: string][]): Promise<void> {
  for (const [path, Body] of drops) {
    const Key = `main/_outbox/${path}`;
    await client.send(new PutObjectCommand({ Bucket: place.bucket, Key, Body }));
  }
}

/** Drains the drop folder into a workspace that only rclone can write to. */
async function drain(store = new MemoryObjectStore()): Promise<DeliveryResult> {
  const own = { provider: 'Other', region: emulator.region, endpoint: emulator.url };
  const prefix = stagingPrefix('main', 'run');
  const drops = ownBucketRemote('drops', place.bucket, prefix, own);
  const { workspace } = world;
  const session = await world.open([drops, workspace], {
    env: {
      AWS_ACCESS_KEY_ID: emulator.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: emulator.credentials.secretAccessKey,
    },
  });
  const from = { session, remote: drops, path: '' };
  const to = { session, remote: workspace, path: '_inbox' };
  const nothing = (): void => undefined;
  try {
    return await deliver(
      { agent: 'main', runId: 'run', drops: await listDrops(place), maxDropBytes: 1_000 },
      {
        outbox: s3Outbox(place),
        inbox: rcloneInbox(to, world.temporary),
        carrier: stagedCarrier(
          place,
          prefix,
          rcloneCarrier({
            from,
            to,
            store,
            agent: 'main',
            fence: 1,
            hashesOf: (some) => hashDrops(place, some),
          }),
        ),
        announce: () => Promise.resolve(),
        tellOfQuarantine: () => Promise.resolve(),
        budget: { deadline: 0, legMs: 60_000, stopAt: 0, remaining: () => 60_000 },
        clock: systemClock,
        log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
      },
    );
  } finally {
    await session.close();
  }
}

/** What a run leaves that is killed before it carries the first drop. */
async function givenNamesWrittenDown(): Promise<MemoryObjectStore> {
  const store = new MemoryObjectStore();
  const drops = await listDrops(place);
  const names = drops.map((drop) => [receiptId('main', 'drop', drop), drop.path] as const);
  await writeFenced(store, stateKeys.drainJournal('main'), 1, Object.fromEntries(names));
  return store;
}

/** Names and texts of the inbox, without receipts. */
function inbox(): Record<string, string> {
  const files = Object.entries(world.read('workspace/_inbox'));
  return Object.fromEntries(files.filter(([path]) => !path.startsWith('.receipts/')));
}

describe('drops for a workspace that only rclone can write to', () => {
  it('arrive with receipts, and are gone from where they were', async () => {
    await givenDrops(['a b.txt', 'one'], ['CON', 'two'], ['sub/a+b %2B.txt', 'three']);

    const { skipped } = await drain();

    expect(skipped).toEqual([]);
    expect(inbox()).toEqual({ 'a b.txt': 'one', _CON: 'two', 'sub/a+b %2B.txt': 'three' });
    expect(Object.keys(world.read('workspace/_inbox/.receipts'))).toHaveLength(3);
    expect(await listDrops(place)).toEqual([]);
  });

  it('arrive from a folder under another name', async () => {
    await givenDrops(['sub/CON', 'x']);

    const { skipped } = await drain();

    expect(skipped).toEqual([]);
    expect(inbox()).toEqual({ 'sub/_CON': 'x' });
  });

  it.each(['It\u201bs mine.pdf', 'x\u240ay.txt', 'wide\uff0fslash.txt'])(
    'arrive though rclone would not find them by their name: %j',
    async (name) => {
      await givenDrops([name, 'text']);

      const { skipped } = await drain();

      expect(skipped).toEqual([]);
      expect(Object.values(inbox())).toEqual(['text']);
      expect(await listDrops(place)).toEqual([]);
    },
  );

  it('leave alone what lies in the inbox under their name', async () => {
    await givenDrops(['a.txt', 'new']);
    world.write({ 'workspace/_inbox/a.txt': 'unread' });

    await drain();

    expect(inbox()).toEqual({ 'a.txt': 'unread', 'a (2).txt': 'new' });
  });

  it('are known again by their content where a run was killed before it recorded them', async () => {
    await givenDrops(['a.txt', 'dropped'], ['b.txt', 'dropped']);
    const store = await givenNamesWrittenDown();
    // The first one had arrived; the agent has taken the name of the second, and as many bytes.
    world.write({ 'workspace/_inbox/a.txt': 'dropped', 'workspace/_inbox/b.txt': 'the own' });

    const { delivered } = await drain(store);

    expect(inbox()).toEqual({ 'a.txt': 'dropped', 'b.txt': 'the own', 'b (2).txt': 'dropped' });
    expect(delivered.map(({ name }) => name).sort()).toEqual(['a.txt', 'b (2).txt']);
    expect(await listDrops(place)).toEqual([]);
  });

  it('are two where one name was dropped twice', async () => {
    await givenDrops(['twice.txt', 'one'], ['twice.txt', 'two']);

    await drain();

    expect(Object.values(inbox()).sort()).toEqual(['one', 'two']);
  });

  it.each(['a//b.txt', 'x/../y.txt', '/abs.txt', './z.txt'])(
    'arrive though their key is no path: %s',
    async (path) => {
      await givenDrops([path, 'x']);

      const { failures } = await drain();

      expect(failures).toBe(0);
      expect(Object.values(inbox())).toEqual(['x']);
    },
  );
});
