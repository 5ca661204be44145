import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import { cost } from '../../../cli/cost/cost.ts';
import { showLinks } from '../../../cli/drop-link/command.ts';
import { history } from '../../../cli/history/history.ts';
import { inbox } from '../../../cli/inbox/inbox.ts';
import type { Shell } from '../../../cli/shell.ts';
import { systemClock } from '../../../functions/shared/clock.ts';
import { linkRecordKey } from '../../../functions/shared/contract/drop-links.ts';
import { monthOf } from '../../../functions/shared/cost/index.ts';
import { givenRecord, linkId } from '../drop-link/given.ts';
import { givenShell } from './shell.ts';
import { general, givenStacks } from './stacks.ts';

const day = 'history/main/2026-11-22/';
const report = {
  version: 1,
  job: 'drain',
  agent: 'main',
  runId: '20261122T101500Z-0a1b2c3d',
  trigger: 'manual',
  state: 'succeeded',
  startedAt: '2026-11-22T10:15:00Z',
  finishedAt: '2026-11-22T10:15:01Z',
  durationMs: 1000,
  skippedFiles: 0,
  filesDelivered: 1,
  delivered: ['notes.txt'],
};
const usage = {
  month: monthOf(systemClock.now()),
  runs: 3,
  legs: 3,
  gbSeconds: 1,
  awsRequests: { write: 0, read: 0 },
  bytesOut: 0,
};

/** A command that lists records, one that is good, what it shows of that, and the key of another. */
interface Listing {
  ask: (shell: Shell) => Promise<number>;
  key: string;
  good: object;
  shows: string;
  other: string;
}

const listings: [string, Listing][] = [
  [
    'history',
    {
      ask: (shell) => history(shell, undefined, { ...general, limit: 20 }),
      key: `${day}${report.runId}-drain.json`,
      good: report,
      shows: report.runId,
      other: `${day}20261122T101600Z-0a1b2c3e-drain.json`,
    },
  ],
  [
    'inbox',
    {
      ask: (shell) => inbox(shell, { ...general, limit: 20 }),
      key: `${day}${report.runId}-drain.json`,
      good: report,
      shows: 'notes.txt',
      other: `${day}20261122T101600Z-0a1b2c3e-drain.json`,
    },
  ],
  [
    'cost',
    {
      ask: (shell) => cost(shell, { ...general, json: true }),
      key: 'status/main/sync.json',
      good: { usage },
      shows: '"main"',
      other: 'status/main/drain.json',
    },
  ],
  [
    'cost, of turns',
    {
      ask: (shell) => cost(shell, { ...general, json: true }),
      key: 'notifications/main.json',
      good: { turns: { month: usage.month, count: 7 } },
      shows: '"turns": 7',
      other: 'notifications/other.json',
    },
  ],
  [
    'drop-link list',
    {
      ask: (shell) => showLinks(shell, general),
      key: linkRecordKey('main', linkId),
      good: givenRecord(),
      shows: linkId,
      other: linkRecordKey('main', 'ffffffffffffffff'),
    },
  ],
];

const bad = ['', '{"version":1,', 'null', '{"usage":1,"turns":1}'];
const cases = listings.flatMap(([name, listing]) =>
  bad.map((text): [string, string, Listing] => [name, text, listing]),
);

it.each(cases)('%s shows the others where one record is %j', async (_, text, listing) => {
  const { ask, key, good, shows, other } = listing;
  givenState({ [key]: JSON.stringify(good), [other]: text });
  const { shell, out, said } = givenShell();
  expect(await ask(shell)).toBe(3);
  expect(out.join('\n')).toContain(shows);
  expect(said.join('\n')).toContain(`Left out: The state object "${other}"`);
});

it.each(listings)('%s ends well where all can be read', async (_, { ask, key, good, shows }) => {
  givenState({ [key]: JSON.stringify(good) });
  const { shell, out, said } = givenShell();
  expect(await ask(shell)).toBe(0);
  expect(out.join('\n')).toContain(shows);
  expect(said).toEqual([]);
});

/** What lies in the bucket of the state; all others are empty. */
function givenState(objects: Record<string, string>): void {
  givenStacks({
    'WorkspaceSync-default': {
      Agents: 'main',
      StateBucketName: 'state',
      ExchangeBucketName: 'exchange',
      WorkspaceBucketName: 'workspace',
    },
  });
  const s3 = mockClient(S3Client);
  s3.on(ListObjectsV2Command).callsFake(({ Bucket, Prefix = '', Delimiter }: ListInput) => {
    const keys = Object.keys(objects).filter((key) => Bucket === 'state' && key.startsWith(Prefix));
    if (Delimiter === undefined) return { Contents: keys.map((Key) => ({ Key, Size: 1 })) };
    const folders = keys.map((key) => `${Prefix}${key.slice(Prefix.length).split('/')[0] ?? ''}/`);
    return { CommonPrefixes: [...new Set(folders)].map((folder) => ({ Prefix: folder })) };
  });
  s3.on(GetObjectCommand).callsFake(({ Key }: { Key: string }) => {
    const text = objects[Key];
    if (text === undefined) throw new NoSuchKey({ message: 'none', $metadata: {} });
    const transformToByteArray = () => Promise.resolve(Buffer.from(text));
    return { Body: { transformToString: () => Promise.resolve(text), transformToByteArray } };
  });
}

interface ListInput {
  Bucket: string;
  Prefix?: string;
  Delimiter?: string;
}
