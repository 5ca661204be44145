import {
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drop } from '../../../../cli/drop/drop.ts';
import { quarantinePrefix } from '../../../../functions/shared/contract/index.ts';
import { receiptId } from '../../../../functions/shared/mailbox/delivery.ts';
import { main } from '../../../../cli/main.ts';
import { folderOfTest } from '../../../fixtures/temporary-folder.ts';
import { general, givenStacks } from '../stacks.ts';
import { givenShell } from '../shell.ts';

const id = receiptId('ann', 'drop', { path: 'a.txt', size: 5, version: 'v1' });
const aside = quarantinePrefix('ann') + id;

it('knows by the quarantine what was put aside where no receipt can be seen', async () => {
  givenBuckets({ exchange: { [aside]: '' } });
  const { exitCode, shown } = await dropped('a.txt');
  expect(exitCode).toBe(3);
  expect(shown).toMatchObject([{ state: 'quarantined', place: aside }]);
});

it.each([404, 403])(
  'says of what is gone without a receipt only that it was taken: %i',
  async (status) => {
    givenBuckets({ status });
    const { exitCode, shown } = await dropped('a.txt');
    expect(exitCode).toBe(0);
    expect(shown).toMatchObject([{ state: 'taken' }]);
  },
);

it('says delivered of what has a receipt', async () => {
  givenBuckets({ workspace: { [`ann/workspace/_inbox/.receipts/${id}.json`]: receipt } });
  const { exitCode, shown } = await dropped('a.txt');
  expect(exitCode).toBe(0);
  expect(shown).toMatchObject([{ state: 'delivered', receipt: { name: 'a.txt' } }]);
});

it('does not say of what was only sent that it was delivered', async () => {
  givenBuckets({ stopAt: 'b.txt' });
  const error: unknown = await dropped('a.txt', 'b.txt').catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'interrupted' });
  expect(String(error)).toContain('Sent before: a.txt.');
  expect(String(error)).not.toContain('deliver');
});

describe('a drop of several files whose network fails', () => {
  const broken = (): Promise<unknown> =>
    dropped('a.txt', 'b.txt', 'c.txt').catch((caught: unknown) => caught);

  it('says what was sent and what was not', async () => {
    givenBuckets({ breakAt: 'b.txt' });
    const error = await broken();
    expect(error).toMatchObject({ code: 'no-connection', exitCode: 6 });
    expect(String(error)).toContain('Sent before: a.txt. Cut short: b.txt. Not sent: c.txt.');
  });

  it('says it to a program, too', async () => {
    givenBuckets({ breakAt: 'b.txt' });
    const files = filesOf('a.txt', 'b.txt', 'c.txt');
    const { shell, out } = givenShell();
    const { deployment, region } = general;
    const chosen = ['--deployment', deployment, '--region', region];
    const exitCode = await main(['drop', ...files, '--json', ...chosen], shell);
    expect(exitCode).toBe(6);
    expect(JSON.parse(out.join(''))).toMatchObject({
      error: { sent: [{ path: 'a.txt', size: 5, version: 'v1' }], unsent: files.slice(1) },
    });
  });

  it('says it as well where it fails while the delivery is waited for', async () => {
    givenBuckets({ breakAt: 'receipts' });
    expect(String(await broken())).toContain('Sent before: a.txt, b.txt, c.txt. What has arrived');
  });
});

const receipt = JSON.stringify({
  version: 1,
  id,
  agent: 'ann',
  state: 'delivered',
  name: 'a.txt',
  size: 5,
  source: { kind: 'drop', path: 'a.txt', version: 'v1' },
  deliveredAt: '2026-11-22T10:15:00.000Z',
  runId: '20261122T101500Z-0a1b2c3d',
  flags: [],
});

let interrupt: () => void;

interface Buckets {
  workspace?: Record<string, string>;
  exchange?: Record<string, string>;
  /** What S3 says of an object that is not there. */
  status?: number;
  /** The file at whose sending somebody presses Ctrl-C. */
  stopAt?: string;
  /** The name at which the connection breaks. */
  breakAt?: string;
}

function expectConnection(key: string, breakAt: string | undefined): void {
  if (breakAt === undefined || !key.includes(breakAt)) return;
  throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

/** Buckets whose `_outbox` a drain has emptied. */
function givenBuckets(buckets: Buckets): void {
  const { workspace = {}, exchange = {}, status = 404, stopAt, breakAt } = buckets;
  givenStacks({
    'WorkspaceSync-default': {
      Agents: 'ann',
      ExchangeBucketName: 'exchange',
      WorkspaceBucketName: 'workspace',
    },
  });
  const s3 = mockClient(S3Client);
  s3.on(PutObjectCommand).callsFake(async ({ Key, Body }: { Key: string; Body: Buffer }) => {
    expectConnection(Key, breakAt);
    if (stopAt !== undefined && Key.endsWith(stopAt)) interrupt();
    await Promise.resolve(Body);
    return { VersionId: 'v1' };
  });
  s3.on(HeadObjectCommand).callsFake(({ Key }: { Key: string }) => {
    if (Key in exchange) return {};
    const httpStatusCode = Key.includes('_outbox') ? 404 : status;
    throw Object.assign(new Error('NotFound'), { $metadata: { httpStatusCode } });
  });
  s3.on(GetObjectCommand).callsFake(({ Key }: { Key: string }) => {
    expectConnection(Key, breakAt);
    const text = workspace[Key];
    if (text === undefined) throw new NoSuchKey({ message: 'no', $metadata: {} });
    return { Body: { transformToString: () => Promise.resolve(text) } };
  });
}

function filesOf(...names: string[]): string[] {
  const folder = folderOfTest('drop');
  const files = names.map((name) => join(folder, name));
  for (const file of files) writeFileSync(file, 'hello');
  return files;
}

async function dropped(...names: string[]) {
  const files = filesOf(...names);
  const { shell, out } = givenShell();
  shell.onInterrupt = (callback) => {
    interrupt = callback;
    return () => undefined;
  };
  const exitCode = await drop(shell, files, { ...general, json: true, wait: true });
  return { exitCode, shown: JSON.parse(out.join('\n')) as unknown };
}
