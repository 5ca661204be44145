import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { startS3Server } from '../../../../bench/s3-server.ts';
import { bucketAddress } from '../../../../functions/shared/snapshot/source/bucket-address.ts';
import { s3Source } from '../../../../functions/shared/snapshot/source/s3-source.ts';
import type { OpenFile, Source } from '../../../../functions/shared/snapshot/source/source.ts';

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

interface GivenS3 {
  source: Source;
  /** Requests that came, in order. */
  seen: IncomingMessage[];
  /** How often credentials were asked for with force. */
  refreshed: number;
}

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A bucket that answers as it is told: the last answer again and again. */
async function givenS3(...answers: [Respond, ...Respond[]]): Promise<GivenS3> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    const respond = answers[Math.min(seen.length, answers.length - 1)];
    seen.push(request);
    respond?.(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const given: GivenS3 = { seen, refreshed: 0, source: undefined as unknown as Source };
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: (options?: { forceRefresh?: boolean }) => {
      if (options?.forceRefresh === true) given.refreshed++;
      return Promise.resolve({
        accessKeyId: `key${given.refreshed}`,
        secretAccessKey: 'secret',
        sessionToken: 'token',
      });
    },
  });
  const clock = { now: () => Date.now(), sleep: () => Promise.resolve() };
  given.source = s3Source({ client, bucket: 'bucket', prefix: 'p/', clock, idleTimeout: 200 });
  ends.push(async () => {
    await given.source.close();
    server.closeAllConnections();
    server.close();
  });
  return given;
}

const refuse =
  (status: number, code: string, headers = {}): Respond =>
  (_, response) => {
    response.writeHead(status, headers).end(`<Error><Code>${code}</Code></Error>`);
  };

const answer =
  (body: string, headers: Record<string, string> = {}): Respond =>
  (_, response) => {
    response.writeHead(200, { 'content-length': String(body.length), ...headers }).end(body);
  };

/** The whole of a version, or its end, as S3 would give it. */
const part =
  (body: string, id: string): Respond =>
  ({ headers: { range = 'bytes=0-' } }, response) => {
    const from = Number(/\d+/.exec(range)?.[0]);
    response
      .writeHead(from > 0 ? 206 : 200, {
        'content-length': body.length - from,
        'content-range': `bytes ${from}-${body.length - 1}/${body.length}`,
        'x-amz-version-id': id,
      })
      .end(body.slice(from));
  };

/** An answer that says which part it is, or does not. */
const answerPart =
  (status: number, range: string, body: string, headers: Record<string, string> = {}): Respond =>
  (_, response) => {
    const told = range === '' ? {} : { 'content-range': range };
    response.writeHead(status, { 'content-length': body.length, ...told, ...headers }).end(body);
  };

/** Promises more than it gives. */
const breakAfter =
  (body: string, length: number, headers: Record<string, string> = {}): Respond =>
  (_, response) => {
    response.writeHead(200, { 'content-length': length, ...headers });
    response.write(body, () => setTimeout(() => response.destroy(), 20));
  };

const entry = { path: 'a', size: 5 };

/** What could be read of a file, and why that was not all. */
async function outcomeOf(opening: Promise<OpenFile>): Promise<{ text: string; code: unknown }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of (await opening).body) chunks.push(chunk);
    return { text: Buffer.concat(chunks).toString(), code: undefined };
  } catch (error) {
    return { text: Buffer.concat(chunks).toString(), code: (error as { code: unknown }).code };
  }
}

async function text({ body }: OpenFile): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('reading from S3', () => {
  it.each([
    [500, 'InternalError'],
    [503, 'SlowDown'],
    [502, ''],
    [429, 'TooManyRequests'],
    [400, 'RequestTimeout'],
  ])('tries again after %i %s, and gives up after five times', async (status, code) => {
    const passing = await givenS3(refuse(status, code), refuse(status, code), answer('hello'));
    const lasting = await givenS3(refuse(status, code));

    expect((await passing.source.readWhole(entry)).bytes.toString()).toBe('hello');
    await expect(lasting.source.readWhole(entry)).rejects.toMatchObject({
      code: 'source-unavailable',
      message: expect.stringContaining(`S3 answered ${status}`) as string,
    });
    expect(lasting.seen).toHaveLength(5);
  });

  it('tries again where a connection breaks or falls silent', async () => {
    const { source, seen } = await givenS3(
      (request) => request.socket.destroy(),
      () => undefined,
      (_, response) => {
        response.writeHead(200, { 'content-length': '5' }).write('he');
      },
      answer('hello'),
    );

    expect((await source.readWhole(entry)).bytes.toString()).toBe('hello');
    expect(seen).toHaveLength(4);
  });

  it.each([
    [403, 'AccessDenied', 'file-unreadable'],
    [403, 'InvalidObjectState', 'file-unreadable'],
    [404, 'NoSuchBucket', 'source-unavailable'],
    [403, 'SignatureDoesNotMatch', 'source-unavailable'],
  ])('says of %i %s: %s', async (status, reason, code) => {
    const { source, seen } = await givenS3(refuse(status, reason));

    await expect(source.readWhole(entry)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(reason) as string,
    });
    await expect(source.open(entry)).rejects.toMatchObject({ code });
    expect(seen).toHaveLength(2);
  });

  it.each([
    ['is gone where it is not listed', '', 'file-gone'],
    ['is gone where only others are listed', '<Contents><Key>p/ab</Key></Contents>', 'file-gone'],
    ['is unreadable where it is listed', '<Contents><Key>p/a</Key></Contents>', 'file-unreadable'],
  ])('looks for a key that is not found: it %s', async (_, contents, code) => {
    const { source, seen } = await givenS3((request, response) => {
      if (request.url?.includes('list-type=2') !== true) {
        refuse(404, 'NoSuchKey')(request, response);
        return;
      }
      response.end(`<ListBucketResult>${contents}</ListBucketResult>`);
    });

    await expect(source.readWhole(entry)).rejects.toMatchObject({ code });
    await expect(source.open(entry)).rejects.toMatchObject({ code });
    const lists = seen.flatMap(({ url = '' }) => (url.includes('list-type=2') ? [url] : []));
    expect(lists).toHaveLength(2);
    expect(lists[0]).toMatch(/max-keys=1&prefix=p%2Fa(&|$)/);
  });

  it('asks for new credentials once where the old ones have expired', async () => {
    const passing = await givenS3(refuse(400, 'ExpiredToken'), answer('hello'));
    const lasting = await givenS3(refuse(400, 'ExpiredToken'));

    expect((await passing.source.readWhole(entry)).bytes.toString()).toBe('hello');
    expect(passing.refreshed).toBe(1);
    expect(passing.seen[1]?.headers.authorization).toContain('Credential=key1/');
    await expect(lasting.source.readWhole(entry)).rejects.toMatchObject({
      code: 'source-unavailable',
    });
    expect(lasting.seen).toHaveLength(2);
  });

  it('takes the time from S3 where the own clock is wrong', async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    const { source, seen } = await givenS3(
      refuse(403, 'RequestTimeTooSkewed', { date }),
      answer('hello'),
    );

    await source.readWhole(entry);

    const [first = '', second = ''] = seen.map((request) => String(request.headers['x-amz-date']));
    expect(second > first).toBe(true);
  });

  it('tells the time and mode that uploaders keep, else the time of the upload', async () => {
    const { source } = await givenS3(
      answer('hello', {
        'x-amz-meta-mtime': '1700000000.123456789',
        'x-amz-meta-mode': '100640',
        etag: '"tag"',
      }),
      answer('hello', {
        'last-modified': 'Tue, 14 Nov 2023 22:13:20 GMT',
        'x-amz-meta-mode': '33204',
        'x-amz-version-id': 'null',
        etag: '"tag"',
      }),
    );

    expect(await source.readWhole(entry)).toMatchObject({
      modified: 1_700_000_000_123,
      mode: 0o640,
      version: '"tag"',
    });
    const other = await source.readWhole(entry);
    expect(other).toMatchObject({ modified: 1_700_000_000_000, version: '"tag"' });
    expect(other.mode).toBeUndefined();
  });

  it('reads a version that was replaced to its end', async () => {
    const { source, seen } = await givenS3(
      part('after!', 'v2'),
      part('before', 'v1'),
      refuse(404, 'NoSuchKey'),
      part('before', 'v1'),
    );

    expect(await text(await source.open(entry, { offset: 3, version: 'v1' }))).toBe('ore');
    expect(await text(await source.open(entry, { offset: 3, version: 'v1' }))).toBe('ore');
    expect(seen.map(({ url }) => url)).toEqual([
      '/bucket/p/a',
      '/bucket/p/a?versionId=v1',
      '/bucket/p/a',
      '/bucket/p/a?versionId=v1',
    ]);
  });

  it('says that a file has changed where an old version is not to be had', async () => {
    for (const refusal of [refuse(403, 'AccessDenied'), refuse(404, 'NoSuchVersion')]) {
      const { source } = await givenS3(part('after!', 'v2'), refusal);

      await expect(source.open(entry, { offset: 3, version: 'v1' })).rejects.toMatchObject({
        code: 'file-changed',
      });
    }
  });

  it.each<[string, { etag?: string }]>([
    ['that has no tags', {}],
    ['that has tags', { etag: '"tag"' }],
  ])(
    'trusts no server %s and answers with something else than the part asked for',
    async (_, tag) => {
      const whole = answer('hello', tag);
      const wrongPart = answerPart(206, 'bytes 1-4/5', 'ello', tag);
      const unknownSize = answerPart(206, 'bytes 2-4/*', 'llo', tag);
      const wholeAsPart = answerPart(206, 'bytes 3-4/5', 'hello', tag);

      for (const wrong of [
        whole,
        wrongPart,
        unknownSize,
        wholeAsPart,
        answerPart(206, '', 'llo', tag),
      ]) {
        const { source } = await givenS3(breakAfter('hel', 5, tag), wrong);
        expect(await outcomeOf(source.open(entry))).toEqual({
          text: 'hel',
          code: 'file-unreadable',
        });
        const resumed = await givenS3(wrong);
        await expect(
          resumed.source.open(entry, { offset: 3, version: tag.etag }),
        ).rejects.toMatchObject({ code: 'file-unreadable' });
      }
    },
  );

  it('goes on without a tag only in what has the same size and time', async () => {
    const time = { 'last-modified': 'Tue, 14 Nov 2023 22:13:20 GMT' };
    const later = { 'last-modified': 'Tue, 14 Nov 2023 22:13:21 GMT' };
    const same = await givenS3(
      breakAfter('hel', 5, time),
      answerPart(206, 'bytes 3-4/5', 'lo', time),
    );
    const longer = await givenS3(
      breakAfter('hel', 5, time),
      answerPart(206, 'bytes 3-5/6', 'lo!', time),
    );
    const newer = await givenS3(
      breakAfter('hel', 5, time),
      answerPart(206, 'bytes 3-4/5', 'LO', later),
    );

    expect(await text(await same.source.open(entry))).toBe('hello');
    for (const { source } of [longer, newer]) {
      expect(await outcomeOf(source.open(entry))).toEqual({ text: 'hel', code: 'file-changed' });
    }
  });

  it('gives no more bytes than the size that it has told', async () => {
    const { source } = await givenS3(
      breakAfter('hel', 5),
      answerPart(206, 'bytes 3-10/5', 'lo and m'),
    );

    const file = await source.open(entry);

    expect(file.size).toBe(5);
    expect(await text(file)).toBe('hello');
  });

  it('takes no part for the whole', async () => {
    const { source } = await givenS3(answerPart(206, 'bytes 0-1/5', 'he'));

    await expect(source.readWhole(entry)).rejects.toMatchObject({ code: 'file-unreadable' });
    await expect(source.open(entry)).rejects.toMatchObject({ code: 'file-unreadable' });
    const claimed = await givenS3(answerPart(200, 'bytes 2-4/5', 'llo'));
    await expect(claimed.source.readWhole(entry)).rejects.toMatchObject({
      code: 'file-unreadable',
    });
  });

  it('takes a right part whatever its status', async () => {
    const { source } = await givenS3(breakAfter('hel', 5), answerPart(200, 'bytes 3-4/5', 'lo'));

    expect(await text(await source.open(entry))).toBe('hello');
  });

  it('goes by the length of a whole answer, whatever range it claims', async () => {
    const { source } = await givenS3(answerPart(200, 'bytes 0-4/99', 'hello'));

    expect(await source.readWhole(entry)).toMatchObject({ size: 5 });
  });

  it('holds no file in memory that has grown large', async () => {
    const { source } = await givenS3((_, response) => {
      response.writeHead(200, { 'content-length': 17 * 1024 * 1024 }).write('x');
    });

    await expect(source.readWhole(entry)).rejects.toMatchObject({ code: 'file-changed' });
  });
});

describe('listing S3', () => {
  it('leaves markers of folders out, and names what no folder can hold', async () => {
    const server = await startS3Server();
    ends.push(() => server.stop());
    const bucket = server.bucket('bucket');
    for (const key of ['p/', 'p/a/', 'p/a/1', `p/b+c%20é\n"'.txt`])
      bucket.put(key, Buffer.from(key.endsWith('/') ? '' : 'x'));
    bucket.put('p/odd/', Buffer.from('not empty'));
    const client = new S3Client({
      endpoint: server.url,
      region: 'eu-central-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    const source = s3Source({ client, bucket: 'bucket', prefix: 'p/' });
    ends.push(() => source.close());

    const paths: string[] = [];
    for await (const { path } of source.files([''])) paths.push(path);

    expect(paths).toEqual(['a/1', `b+c%20é\n"'.txt`]);
    expect(source.unreadable).toEqual({ count: 1, names: ['odd/'] });
    expect(source.passedOver.count).toBe(0);
    expect((await source.readWhole({ path: paths[1] ?? '', size: 1 })).bytes.toString()).toBe('x');
    expect(await source.present(['a/', 'b/', 'a/1'])).toEqual(['a/', 'a/1']);
  });

  it('is an error where it is refused, never an absence', async () => {
    const { source } = await givenS3(refuse(403, 'AccessDenied'));

    await expect(source.present(['a/'])).rejects.toMatchObject({ code: 'source-unavailable' });
    await expect(source.files([''])[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'source-unavailable',
    });
  });
});

describe('the address of a bucket', () => {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  it.each([
    [{ region: 'cn-north-1' }, 'bucket', 'bucket.s3.cn-north-1.amazonaws.com.cn', '/'],
    [{ region: 'eu-west-1' }, 'my.bucket', 's3.eu-west-1.amazonaws.com', '/my.bucket/'],
    [
      { region: 'eu-west-1', forcePathStyle: true },
      'bucket',
      's3.eu-west-1.amazonaws.com',
      '/bucket/',
    ],
    [
      { region: 'eu-west-1', endpoint: 'https://own.example/base' },
      'bucket',
      'bucket.own.example',
      '/base/',
    ],
  ])('with %j and %s is %s%s', async (options, bucket, hostname, basePath) => {
    const client = new S3Client({ ...options, credentials });

    expect(await bucketAddress(client, bucket)).toEqual({
      secure: true,
      hostname,
      port: undefined,
      basePath,
      region: options.region,
    });
  });
});
