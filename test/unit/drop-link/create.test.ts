import { createHash } from 'node:crypto';
import { PutObjectCommand, S3Client, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, describe, it } from 'vitest';
import { createDropLink, type DropLink } from '../../../cli/drop-link/create.ts';
import { parseDuration, parseSize } from '../../../cli/drop-link/amounts.ts';
import { stateOf } from '../../../cli/drop-link/list.ts';
import { revokeDropLink } from '../../../cli/drop-link/revoke.ts';
import type { DropLinkOptions } from '../../../cli/drop-link/options.ts';
import type { PageData } from '../../../cli/drop-link/page.ts';
import { systemClock } from '../../../functions/shared/clock.ts';
import { linkRecordKey } from '../../../functions/shared/contract/drop-links.ts';
import { MemoryObjectStore } from '../../fixtures/memory-object-store.ts';
import { givenRecord, linkId } from './given.ts';

interface Made {
  link: DropLink;
  html: string;
  page: PageData;
  puts: PutObjectCommandInput[];
  state: MemoryObjectStore;
}

const keys = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'very-secret' };

async function givenLink(
  options: Partial<DropLinkOptions> = {},
  config: ConstructorParameters<typeof S3Client>[0] = {},
): Promise<Made> {
  const s3 = new S3Client({ region: 'eu-central-1', credentials: keys, ...config });
  const mock = mockClient(s3);
  const state = new MemoryObjectStore();
  const link = await createDropLink(
    { s3, exchangeBucket: 'exchange', state, clock: systemClock },
    { agent: 'main', files: 2, maxBytes: 1000, types: [], lifetimeMs: 3_600_000, ...options },
  );
  const puts = mock.commandCalls(PutObjectCommand).map(({ args }) => args[0].input);
  const html = puts.at(-1)?.Body as string;
  const data = /<script type="application\/json" id="link">(.*)<\/script>/.exec(html)?.[1] ?? '';
  return { link, html, page: JSON.parse(data) as PageData, puts, state };
}

describe('a link', () => {
  it.each([
    ['AWS', {}, 'https://exchange.s3.eu-central-1.amazonaws.com', '/'],
    [
      'an emulator',
      { endpoint: 'http://127.0.0.1:4566', forcePathStyle: true },
      'http://127.0.0.1:4566',
      '/exchange',
    ],
  ])('speaks with one origin alone: %s', async (_, config, origin, action) => {
    const { link, page } = await givenLink({}, config);
    expect(new URL(link.url).origin).toBe(origin);
    expect(page.action).toBe(action);
    expect(page.receipts).toContain(`/.links/${link.id}/receipts.json?`);
    expect(page.forms).toHaveLength(2);
  });

  it('is written down before its page is there, and its page comes last', async () => {
    const { link, puts, state } = await givenLink({ label: 'Invoices' });
    const { url, warnings, ...record } = link;
    expect(url).toContain(link.id);
    expect(warnings).toEqual([]);
    expect(JSON.parse(state.text(linkRecordKey('main', link.id)) ?? '')).toEqual(record);
    expect(puts.map(({ Key }) => Key)).toEqual([
      `.links/${link.id}/receipts.json`,
      `.links/${link.id}/index.html`,
    ]);
  });

  it('has a page that may run its own script and style only, and holds no secret', async () => {
    const { html } = await givenLink({ label: 'Invoices' });
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    for (const [tag, name] of [
      [/<script type="module">([^]*?)<\/script>/, 'script-src'],
      [/<style>([^]*?)<\/style>/, 'style-src'],
    ] as const) {
      const text = tag.exec(html)?.[1] ?? '';
      const hash = createHash('sha256').update(text).digest('base64');
      expect(policy).toContain(`${name} 'sha256-${hash}'`);
    }
    expect(policy).toContain("default-src 'none'");
    expect(html).not.toContain('very-secret');
    expect(html).not.toMatch(/\{\{/);
  });

  it('lives no longer than the credentials that sign it, and says so', async () => {
    const expiration = new Date(systemClock.now() + 600_000);
    const session = { ...keys, sessionToken: 'token' };
    const known = await givenLink({}, { credentials: { ...session, expiration } });
    expect(known.link.expiresAt).toBe(expiration.toISOString());
    expect(known.link.warnings[0]).toContain('live no longer');
    expect(Number(new URL(known.link.url).searchParams.get('X-Amz-Expires'))).toBeLessThan(601);
    const unknown = await givenLink({}, { credentials: session });
    expect(unknown.link.warnings[0]).toContain('those of a session');
    const long = new Date(systemClock.now() + 7_200_000);
    const enough = await givenLink({}, { credentials: { ...session, expiration: long } });
    expect(enough.link.warnings).toEqual([]);
  });

  it.each([
    [{ files: 0 }, '--files is 0'],
    [{ files: 101 }, '--files is 101'],
    [{ files: 1.5 }, '--files is 1.5'],
    [{ maxBytes: 5 * 1024 ** 3 + 1 }, '--max-size is 5.00 GiB'],
    [{ maxBytes: 6 * 1024 ** 3 }, '6.00 GiB; S3 takes at most 5.00 GiB'],
    [{ lifetimeMs: 7 * 86_400_000 + 1 }, '--expires is out of bounds'],
    [{ lifetimeMs: 59_999 }, '--expires is out of bounds'],
    [{ label: '../x' }, '--label is'],
    [{ types: ['a b'] }, 'is no file type'],
  ])('cannot be made with %j', async (options, words) => {
    await expect(givenLink(options)).rejects.toThrow(words);
  });

  it('takes the largest of everything', async () => {
    const most = { files: 100, maxBytes: 5 * 1024 ** 3, lifetimeMs: 7 * 86_400_000 };
    expect((await givenLink(most)).page.forms).toHaveLength(100);
  });
});

it.each([
  ['open', {}, 2],
  ['used up', {}, 3],
  ['expired', { expiresAt: '2026-01-01T12:00:00.000Z' }, 3],
  ['revoked', { revokedAt: '2026-01-01T11:00:00.000Z', expiresAt: '2026-01-01T12:00:00.000Z' }, 0],
])('is %s', (state, record, used) => {
  expect(stateOf(givenRecord(record), used, Date.parse('2026-01-01T12:00:00Z'))).toBe(state);
});

it('is revoked once, whoever asks again, and only where it is', async () => {
  const [state, exchange] = [new MemoryObjectStore(), new MemoryObjectStore()];
  await state.put(linkRecordKey('main', linkId), JSON.stringify(givenRecord()));
  const at = (now: number): typeof systemClock => ({ ...systemClock, now: () => now });
  const first = await revokeDropLink({ state, exchange, clock: at(1000) }, 'main', linkId);
  const again = await revokeDropLink({ state, exchange, clock: at(2000) }, 'main', linkId);
  expect(first.revokedAt).toBe('1970-01-01T00:00:01.000Z');
  expect(again).toEqual(first);
  for (const id of ['fedcba9876543210', '../x']) {
    const revoking = revokeDropLink({ state, exchange, clock: systemClock }, 'main', id);
    await expect(revoking).rejects.toThrow('has no link');
  }
});

it.each([
  ['100MB', 100_000_000],
  ['1.5 GiB', 1_610_612_736],
  ['2000', 2000],
])('reads the size %s', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

it.each([
  ['90m', 5_400_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
])('reads the duration %s', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

it.each(['', 'MB', '1 XB', '-1MB', '0'])('takes %j for no size', (text) => {
  expect(() => parseSize(text)).toThrow('is no size');
});

it.each(['', '5', '0h', '1w'])('takes %j for no duration', (text) => {
  expect(() => parseDuration(text)).toThrow('is no duration');
});
