import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentConfig, parseAgentConfig } from '../../../functions/shared/config/index.ts';
import type { JobRequest, RunTotals } from '../../../functions/shared/contract/index.ts';
import { bytesOut, legUsage, rcloneRequests } from '../../../functions/shared/cost/leg-usage.ts';
import { monthOf, withRun } from '../../../functions/shared/cost/month.ts';
import {
  meterRequests,
  requestsMade,
  requestsSince,
} from '../../../functions/shared/cost/request-meter.ts';

const dropbox = { provider: 'dropbox', mode: 'mailbox', dropbox: { token: '${T}' } };
const amazon = { provider: 's3', mode: 'mailbox', s3: { bucket: 'theirs' } };
const elsewhere = {
  provider: 's3',
  mode: 'mailbox',
  s3: {
    bucket: 'theirs',
    endpoint: 'https://r2.example.com',
    accessKeyId: '${ID}',
    secretAccessKey: '${KEY}',
  },
};
const remote = {
  kind: 'remote',
  rcloneType: 'sftp',
  rcloneOptions: { host: 'gateway.internal', user: 'agent', pass: '${SFTP_PASS}' },
};
const given = (blocks: object): AgentConfig => parseAgentConfig({ name: 'ann', ...blocks });

function legOf(
  agent: AgentConfig,
  request: Pick<JobRequest, 'job' | 'target'>,
  done: Partial<RunTotals>,
): Parameters<typeof legUsage>[0] {
  const requests = { write: 0, read: 0 };
  return { agent, request, done, milliseconds: 0, memoryMb: 0, requests, isLast: false };
}

describe('the usage of a leg', () => {
  it('is memory times time, rounded up to the millisecond', () => {
    const leg = { ...legOf(given({}), { job: 'sync' }, {}), memoryMb: 1769, milliseconds: 1999.2 };
    expect(legUsage(leg).gbSeconds).toBeCloseTo((1769 / 1024) * 2, 6);
  });

  it('has no GB-seconds where the platform does not say how much memory there is', () => {
    const leg = { ...legOf(given({}), { job: 'sync' }, {}), milliseconds: 5_000 };
    expect(legUsage(leg).gbSeconds).toBe(0);
  });

  it('adds what rclone has asked for to what our own clients have', () => {
    const leg = legOf(given({ sync: dropbox }), { job: 'sync' }, { filesSent: 10 });
    const { awsRequests } = legUsage({ ...leg, requests: { write: 4, read: 3 } });
    expect(awsRequests).toEqual({ write: 4, read: 23 });
  });

  it('has the requests that put the report away, once for a run', () => {
    const leg = legOf(given({}), { job: 'sync' }, {});
    expect(legUsage(leg).awsRequests).toEqual({ write: 0, read: 0 });
    expect(legUsage({ ...leg, isLast: true }).awsRequests).toEqual({ write: 2, read: 1 });
  });
});

describe('requests of rclone', () => {
  const done = { filesSent: 10, bytesSent: 1_000, filesReceived: 4, bytesReceived: 400 };

  it.each([
    ['a bucket and Dropbox', { sync: dropbox }, { read: 24, write: 4 }],
    ['two buckets', { sync: amazon }, { read: 24 + 18, write: 4 + 10 }],
    ['a bucket, and S3 of somebody else', { sync: elsewhere }, { read: 24, write: 4 }],
    ['a machine and Dropbox', { sync: dropbox, workspace: remote }, { read: 0, write: 0 }],
  ])('between %s', (_, blocks, expected) => {
    expect(rcloneRequests(legOf(given(blocks), { job: 'sync' }, done))).toEqual(expected);
  });

  it('send large files in parts of 8 MiB', () => {
    const large = { filesReceived: 2, bytesReceived: 2 * 80 * 2 ** 20 };
    const { write } = rcloneRequests(legOf(given({ sync: dropbox }), { job: 'sync' }, large));
    expect(write).toBe(2 * (10 + 2));
  });

  it('are those of the backup’s own reader, too', () => {
    const agent = given({ backup: { enabled: true, provider: 's3' } });
    const leg = legOf(agent, { job: 'backup' }, { filesStored: 7 });
    expect(rcloneRequests(leg)).toEqual({ write: 0, read: 7 });
  });
});

describe('bytes that leave AWS', () => {
  const backup = { enabled: true };
  it.each<[string, object, Pick<JobRequest, 'job' | 'target'>, number]>([
    ['a sync to Dropbox', { sync: dropbox }, { job: 'sync' }, 100],
    ['a sync to a bucket', { sync: amazon }, { job: 'sync' }, 0],
    ['a sync to S3 of somebody else', { sync: elsewhere }, { job: 'sync' }, 100],
    ['a sync of a workspace elsewhere', { sync: dropbox, workspace: remote }, { job: 'sync' }, 160],
    ['a drain into a bucket', { sync: dropbox }, { job: 'drain' }, 0],
    ['a drain to elsewhere', { sync: dropbox, workspace: remote }, { job: 'drain' }, 60],
    ['a backup to Dropbox', { sync: dropbox, backup }, { job: 'backup' }, 7],
    ['a backup to our bucket', { backup: { ...backup, provider: 's3' } }, { job: 'backup' }, 0],
    ['a restore to Dropbox', { sync: dropbox }, { job: 'restore', target: 'cloud' }, 9],
    ['a restore beside the files', { sync: dropbox }, { job: 'restore' }, 0],
    ['a verification', { sync: dropbox, backup }, { job: 'verify' }, 0],
  ])('are counted of %s', (_, blocks, request, expected) => {
    const done = {
      bytesSent: 100,
      bytesReceived: 20,
      bytesDelivered: 40,
      bytesStored: 7,
      bytesRestored: 9,
    };
    expect(bytesOut(legOf(given(blocks), request, done))).toBe(expected);
  });
});

describe('the month of a job', () => {
  const usage = { gbSeconds: 0.1, awsRequests: { write: 2, read: 3 }, bytesOut: 5 };
  const november = { finishedAt: '2026-11-30T23:59:59.999Z', legs: 2, usage };

  it('adds up run by run', () => {
    const twice = withRun(withRun(undefined, november), november);
    expect(twice).toEqual({
      month: '2026-11',
      runs: 2,
      legs: 4,
      gbSeconds: 0.2,
      awsRequests: { write: 4, read: 6 },
      bytesOut: 10,
    });
  });

  it('begins anew with the month in which a run ends', () => {
    const december = { ...november, finishedAt: '2026-12-01T00:00:00.000Z' };
    const next = withRun(withRun(undefined, november), december);
    expect(next).toEqual({ month: '2026-12', runs: 1, legs: 2, ...usage });
  });

  it('counts a run of which nothing is known', () => {
    const next = withRun(withRun(undefined, november), { finishedAt: '2026-11-30', legs: 1 });
    expect(next).toMatchObject({ runs: 2, legs: 3, gbSeconds: 0.1 });
  });

  it('is that of UTC', () => {
    expect(monthOf(Date.parse('2026-12-01T00:30:00+01:00'))).toBe('2026-11');
  });
});

describe('requests of our own', () => {
  let server: Server;
  let client: S3Client;
  let failures = 0;

  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume();
      response.statusCode = failures-- > 0 ? 503 : 200;
      const listing = '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>';
      response.end(request.url?.includes('list-type') ? listing : '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = new S3Client({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      forcePathStyle: true,
      region: 'us-east-1',
      credentials: { accessKeyId: 'id', secretAccessKey: 'key' },
    });
    meterRequests(client);
  });
  afterAll(() => {
    client.destroy();
    server.close();
  });

  const at = { Bucket: 'bucket', Key: 'key' };
  it('are counted by their price: writes and lists, reads, and deletes not at all', async () => {
    const before = requestsMade();
    await client.send(new PutObjectCommand({ ...at, Body: 'text' }));
    await client.send(new ListObjectsV2Command({ Bucket: 'bucket' }));
    await client.send(new GetObjectCommand(at));
    await client.send(new DeleteObjectCommand(at));
    expect(requestsSince(before)).toEqual({ write: 2, read: 1 });
  });

  it('are counted again when they are made again', async () => {
    failures = 1;
    const before = requestsMade();
    await client.send(new GetObjectCommand(at));
    expect(requestsSince(before)).toEqual({ write: 0, read: 2 });
  });
});
