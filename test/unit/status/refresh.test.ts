import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it } from 'vitest';
import type { AgentStatus } from '../../../functions/shared/contract/index.ts';
import type { JobStatus } from '../../../functions/shared/runtime/job-status.ts';
import type { Runtime } from '../../../functions/shared/runtime/runtime.ts';
import { answerStatus } from '../../../functions/shared/status/answer.ts';
import { MemoryObjectStore } from '../../fixtures/memory-object-store.ts';
import { folderOfTest } from '../../fixtures/temporary-folder.ts';
import { ago, givenAgent, givenSnapshot, givenStatus, hour, now } from './given.ts';

const day = 24 * hour;

let store: MemoryObjectStore;
let agentsDirectory: string;
/** Ages of what is known to be good, by agent. */
let ages: Record<string, number>;

beforeEach(() => {
  store = new MemoryObjectStore();
  agentsDirectory = folderOfTest('agents');
  ages = {};
  mockClient(S3Client).on(PutObjectCommand).resolves({});
  for (const name of ['main', 'other']) givenConfig(name, {});
});

function givenConfig(name: string, sync: object): void {
  writeFileSync(
    join(agentsDirectory, `${name}.json`),
    JSON.stringify({ ...givenAgent(sync), name }),
  );
}

async function givenStored(agent: string, job: string, changes: Partial<JobStatus>): Promise<void> {
  await store.put(`status/${agent}/${job}.json`, JSON.stringify(givenStatus(changes)));
}

/** What a schedule has written and measured of every agent. */
function refreshed(): Promise<AgentStatus[]> {
  const ignore = (): void => undefined;
  const runtime = {
    env: { FUNCTION_TIMEOUT_SECONDS: '240', WORKSPACE_BUCKET: 'workspaces', STATE_BUCKET: 'state' },
    deployment: 'home',
    clock: { now: () => now, sleep: () => Promise.resolve() },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    emit: (name: string, value: number, { Agent = '' }: { Agent?: string }) => {
      if (name === 'SnapshotVerifiedAge') ages[Agent] = value;
    },
    s3: new S3Client({}),
    store,
    agentsDirectory,
  };
  const invocation = { getRemainingTimeInMillis: () => 240_000 };
  return answerStatus(runtime as unknown as Runtime, { refresh: true }, invocation);
}

const daily = { snapshot: givenSnapshot('newest', hour), firstSnapshotAt: ago(30 * day) };

it('tells how old the newest snapshot is that was found good', async () => {
  await givenStored('main', 'backup', daily);
  await givenStored('main', 'verify', { verifiedSnapshot: givenSnapshot('good', 2 * day) });
  await refreshed();
  expect(ages).toEqual({ main: 2 * day });
});

it('tells how long there have been snapshots, where none was ever found good', async () => {
  await givenStored('main', 'backup', daily);
  await refreshed();
  expect(ages).toEqual({ main: 30 * day });
});

it('tells the same where the only good one was found damaged since', async () => {
  const good = givenSnapshot('good', 2 * day);
  const found = { createdAt: good.createdAt, foundAt: ago(hour), runId: 'v', message: 'bad' };
  await givenStored('main', 'backup', daily);
  await givenStored('main', 'verify', {
    verifiedSnapshot: good,
    damagedSnapshots: [{ id: 'good', ...found }],
  });
  await refreshed();
  expect(ages).toEqual({ main: 30 * day });
});

it('goes by the newest snapshot, where an earlier release did not write down the first', async () => {
  await givenStored('main', 'backup', { snapshot: givenSnapshot('newest', 3 * day) });
  await refreshed();
  expect(ages).toEqual({ main: 3 * day });
});

it.each([
  ['a record has a time that is none', 'soon', {}],
  ['its next run lies beyond all time', ago(60), { interval: 1e15 }],
])('leaves the other agents alone where of one %s', async (_, lastScheduledAt, sync) => {
  givenConfig('main', sync);
  await givenStored('main', 'sync', { lastScheduledAt });
  await givenStored('other', 'backup', daily);

  const [main, other] = await refreshed();

  expect(main?.problems.map(({ code }) => code)).toContain('unreadable');
  expect(main?.problems.map(({ message }) => message).join()).toContain('status/main/');
  expect(other?.problems.map(({ code }) => code)).not.toContain('unreadable');
  expect(ages).toEqual({ other: 30 * day });
});
