import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { linkRecordKey } from '../../../functions/shared/contract/drop-links.ts';
import type { Delivery, JobReport } from '../../../functions/shared/contract/index.ts';
import { drainBatch } from '../../../functions/shared/jobs/drain-batch.ts';
import type { Runtime } from '../../../functions/shared/runtime/runtime.ts';
import type { JobStatus } from '../../../functions/shared/runtime/job-status.ts';
import { takeLease } from '../../../functions/shared/state/lease.ts';
import { MemoryObjectStore } from '../../fixtures/memory-object-store.ts';
import { folderOfTest } from '../../fixtures/temporary-folder.ts';
import { givenRecord, linkId } from '../drop-link/given.ts';

/** Milliseconds that a drop takes to be read. */
const readMs = 10_000;
const bytes = Buffer.from('drop');

/** The drain on clients that answer from memory; its clock moves when a drop is read. */
class DrainWorld {
  time = Date.parse('2026-01-01T12:00:00Z');
  readonly drops = new Map<string, string>();
  readonly store = new MemoryObjectStore();
  readonly #s3 = new S3Client({ region: 'eu-central-1' });
  readonly #sqs = new SQSClient({ region: 'eu-central-1' });
  readonly #events = new EventBridgeClient({ region: 'eu-central-1' });
  readonly #folder = folderOfTest('drain');
  readonly queue = mockClient(this.#sqs);
  readonly bus = mockClient(this.#events);
  hidden = 0;

  constructor() {
    const agent = { name: 'main', workspace: { kind: 's3' }, sync: { provider: 'off' } };
    writeFileSync(join(this.#folder, 'main.json'), JSON.stringify(agent));
    this.queue.on(ChangeMessageVisibilityCommand).callsFake(({ VisibilityTimeout: seconds }) => {
      this.hidden = Number(seconds);
      return Promise.resolve({});
    });
    this.bus.on(PutEventsCommand).resolves({ FailedEntryCount: 0 });
    const s3 = mockClient(this.#s3);
    s3.on(ListObjectsV2Command).resolves({});
    s3.on(PutObjectCommand).resolves({ ETag: '"tag"' });
    s3.on(CopyObjectCommand).resolves({});
    s3.on(ListObjectVersionsCommand).callsFake(() =>
      Promise.resolve({
        Versions: [...this.drops].map(([Key, VersionId]) => ({
          ...{ Key, VersionId, Size: bytes.length },
          LastModified: new Date('2026-01-01T12:00:00Z'),
        })),
      }),
    );
    s3.on(GetObjectCommand).callsFake(({ VersionId }: { VersionId?: string }) => {
      if (VersionId === undefined) return Promise.reject(missing());
      this.time += readMs;
      return Promise.resolve({ Body: Readable.from([bytes]) as never });
    });
    s3.on(DeleteObjectCommand).callsFake(({ Key = '' }: { Key?: string }) => {
      this.drops.delete(Key);
      return Promise.resolve({});
    });
  }

  givenDrops(count: number, folder = ''): void {
    for (let at = 0; at < count; at++)
      this.drops.set(`main/_outbox/${folder}${at}.txt`, randomUUID());
  }

  /** Delivers the message of a drop for the n-th time. @returns whether it is to come again. */
  async receive(n: number, body: object = dropped): Promise<boolean> {
    const attributes = { ApproximateReceiveCount: String(n) };
    const message = { messageId: 'm', receiptHandle: 'r', body: JSON.stringify(body), attributes };
    const answer = await drainBatch(
      this.#runtime(),
      { Records: [message] },
      { getRemainingTimeInMillis: () => 900_000 },
    );
    return answer.batchItemFailures.length > 0;
  }

  reports(): JobReport[] {
    const keys = [...this.store.objects.keys()].filter((key) => key.startsWith('history/'));
    return keys.map((key) => JSON.parse(this.store.text(key) ?? '') as JobReport);
  }

  status(): JobStatus {
    return JSON.parse(this.store.text('status/main/drain.json') ?? '{}') as JobStatus;
  }

  /** Names that were told of as delivered, each as often as it was. */
  told(): string[] {
    return this.bus
      .commandCalls(PutEventsCommand)
      .flatMap(({ args: [{ input }] }) => input.Entries ?? [])
      .filter(({ DetailType }) => DetailType === 'Inbox Delivered')
      .flatMap(({ Detail }) => (JSON.parse(Detail ?? '') as { deliveries: Delivery[] }).deliveries)
      .map(({ name }) => name);
  }

  #runtime(): Runtime {
    const quiet = (): void => undefined;
    return {
      env: {
        FUNCTION_TIMEOUT_SECONDS: '900',
        LEG_SECONDS: '100',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
        EXCHANGE_BUCKET: 'exchange',
        WORKSPACE_BUCKET: 'workspaces',
        DROP_QUEUE_URL: 'queue',
        EVENT_BUS: 'bus',
      },
      deployment: 'test',
      clock: { now: () => this.time, sleep: () => Promise.resolve() },
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      emit: quiet,
      s3: this.#s3,
      sqs: this.#sqs,
      events: this.#events,
      store: this.store,
      agentsDirectory: this.#folder,
    } as unknown as Runtime;
  }
}

function missing(): NoSuchKey {
  return new NoSuchKey({ message: 'not there', $metadata: { httpStatusCode: 404 } });
}

const dropped = { source: 'aws.s3', detail: { object: { key: 'main/_outbox/0.txt' } } };

let world: DrainWorld;
beforeEach(() => {
  world = new DrainWorld();
});

describe('a drain that does not finish in its time', () => {
  it('leaves a report that counts for the month, and comes again for the rest', async () => {
    world.givenDrops(60);

    expect(await world.receive(1)).toBe(true);

    const [report] = world.reports();
    expect(report).toMatchObject({ state: 'partial', reason: { code: 'time-up' } });
    expect(report?.reason?.message).toMatch(/^10 drops were left/);
    expect(report?.filesDelivered).toBe(50);
    expect(world.status()).toMatchObject({ lastState: 'partial', usage: { runs: 1 } });
    expect(world.status().usage?.gbSeconds).toBeGreaterThanOrEqual((50 * readMs) / 1_000);

    expect(await world.receive(2)).toBe(false);
    expect(world.status()).toMatchObject({ lastState: 'succeeded', usage: { runs: 2 } });
  });

  it('tells of each drop once', async () => {
    world.givenDrops(60);

    await world.receive(1);
    await world.receive(2);

    const names = Array.from({ length: 60 }, (_, at) => `${at}.txt`);
    expect(world.told().sort()).toEqual(names.sort());
  });
});

describe('the message of a drop', () => {
  it('is left to the sweep before it is a dead letter, where drains are busy for long', async () => {
    const began = world.time;
    let received = 0;
    do {
      await givenDrainAtWork();
      world.hidden = 0;
      if (!(await world.receive(++received))) break;
      world.time += world.hidden * 1_000;
    } while (received < 20);

    expect(received).toBeLessThan(20);
    expect(world.time - began).toBeGreaterThan(200_000);
  });

  it('comes on and on where the drain fails: somebody has to hear of it', async () => {
    world.givenDrops(1);
    world.store.put = () => Promise.reject(new Error('the store is away'));

    for (const n of [1, 10, 19]) expect(await world.receive(n)).toBe(true);
  });
});

async function givenDrainAtWork(): Promise<void> {
  const clock = { now: () => world.time, sleep: () => Promise.resolve() };
  const deadline = world.time + 900_000;
  const request = { scope: 'agents/main/inbox', runId: 'long', leg: 1, deadline };
  await takeLease(world.store, clock, request);
}

describe('what a link does not allow', () => {
  it('is refused, counted and named, and the drain has succeeded', async () => {
    await world.store.put(linkRecordKey('main', linkId), JSON.stringify(givenRecord()));
    world.givenDrops(2, `.links/${linkId}/9/`);

    expect(await world.receive(1)).toBe(false);

    const [report] = world.reports();
    expect(report).toMatchObject({ state: 'succeeded', filesQuarantined: 2, skippedFiles: 2 });
    expect(report?.skipped[0]?.reason).toMatch(/the link has 3 places/);
    expect(report?.warnings).toEqual([expect.stringMatching(/^2 drops were refused/)]);
    expect(world.status()).toMatchObject({ lastState: 'succeeded', usage: { runs: 1 } });
  });

  it('does not make other drops that are put aside a success', async () => {
    world.givenDrops(1, '.links/');

    await world.receive(1);

    expect(world.reports()[0]).toMatchObject({ state: 'partial', filesQuarantined: 1 });
  });
});
