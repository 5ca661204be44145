/**
 * Drop links on a real deployment, by hand-made forms over real HTTP. The emulator checks a form's
 * policy as S3 does, but not its signature: test/contract/drop-link-signature.test.ts has it do so.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkRecordKey, slotPrefix } from '../../functions/shared/contract/drop-links.ts';
import { listDropLinks } from '../../cli/drop-link/list.ts';
import { revokeDropLink } from '../../cli/drop-link/revoke.ts';
import type { World } from '../../local/world.ts';
import { until } from '../fixtures/until.ts';
import { depsIn, givenLink, refusedOf } from './drop-link-world.ts';
import { givenAgents, Mailbox } from './mailbox-world.ts';

let world: World;
beforeAll(async () => {
  world = await givenAgents({
    main: {},
    other: {},
    limits: {},
    replay: {},
    ended: {},
    names: {},
    small: { sync: { maxDropBytes: 20 } },
  });
});
afterAll(() => world.stop());

const created = 204;

describe('a file that somebody drops by a link', () => {
  it('arrives in the inbox, wakes the agent, and its page is told', async () => {
    const box = new Mailbox(world, 'main');
    const link = await givenLink(world, { agent: 'main', label: 'Invoices' });

    expect(await link.receipts()).toEqual({ version: 1, files: {} });
    expect(await link.post(2, { name: 'March.pdf' })).toMatchObject({ status: created });

    expect(await box.expectDelivered(1)).toEqual({ 'Invoices/March.pdf': 'content' });
    await box.expectWebhook('Invoices/March.pdf');
    const [receipt] = await box.receipts();
    expect(receipt?.source).toMatchObject({ path: 'March.pdf', link: { id: link.id, slot: 2 } });
    expect(receipt?.flags).toEqual([]);
    const sha256 = 'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73';
    expect((await link.receipts()).files).toEqual({
      2: { name: 'March.pdf', size: 7, sha256, time: receipt?.deliveredAt, state: 'arrived' },
    });
    const [listed] = await listDropLinks(depsIn(world), 'main');
    expect(listed).toMatchObject({ id: link.id, used: 1, files: 3, state: 'open' });
  });

  it('has a page that loads nothing and says nothing of the deployment but where to post', async () => {
    const { html, url } = await givenLink(world, { agent: 'main' });
    const head = await fetch(url);
    expect(head.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html).not.toMatch(/(?:src|href)=|https?:/);
    expect(html).toContain("default-src 'none'");
    expect(html).not.toContain(world.outputs['StateBucketName']);
    expect(html).not.toContain(world.outputs['WorkspaceBucketName']);
  });
});

describe('S3 itself refuses', () => {
  it.each([
    ['a file that is too large', { body: 'x'.repeat(1001) }, 'EntityTooLarge'],
    ['an empty file', { body: '' }, 'EntityTooSmall'],
    ['another type', { type: 'text/html' }, 'AccessDenied'],
    ['the outbox of another agent', { key: 'other/_outbox/x.pdf' }, 'AccessDenied'],
    ['the outbox beside the link', { key: 'limits/_outbox/x.pdf' }, 'AccessDenied'],
    ['a key that climbs out', { key: 'limits/_outbox/.links/../x.pdf' }, 'AccessDenied'],
    ['the inbox', { key: 'limits/workspace/_inbox/x.pdf' }, 'AccessDenied'],
    ['metadata', { fields: { 'x-amz-meta-a': 'b' } }, 'AccessDenied'],
    ['tags', { fields: { 'x-amz-tagging': 'a=b' } }, 'AccessDenied'],
    ['public rights', { fields: { acl: 'public-read' } }, 'AccessDenied'],
    ['a redirect', { fields: { success_action_redirect: 'https://x.org' } }, 'AccessDenied'],
    ['another bucket', { fields: { bucket: 'elsewhere' } }, 'AccessDenied'],
  ])('%s', async (_, file, code) => {
    const link = await givenLink(world, { agent: 'limits', types: ['application/pdf'] });
    const answer = await link.post(1, file);
    expect(answer).toEqual({ status: code === 'AccessDenied' ? 403 : 400, code });
    expect(await new Mailbox(world, 'other').dropsLeft()).toEqual([]);
    expect(await new Mailbox(world, 'limits').dropsLeft()).toEqual([]);
  });

  it('the place of another link, and of another slot of the same', async () => {
    const link = await givenLink(world, { agent: 'limits' });
    const neighbour = await givenLink(world, { agent: 'limits' });
    for (const key of [
      `${slotPrefix('limits', neighbour.id, 1)}x.pdf`,
      `${slotPrefix('limits', link.id, 2)}x.pdf`,
      linkRecordKey('limits', link.id),
    ]) {
      expect(await link.post(1, { key }), key).toEqual({ status: 403, code: 'AccessDenied' });
    }
  });

  it('a form whose time is over', async () => {
    const link = await givenLink(world, { agent: 'limits' });
    const policy = JSON.parse(atob(link.page.forms[0]?.['Policy'] ?? '')) as object;
    const expired = btoa(JSON.stringify({ ...policy, expiration: '2026-01-01T00:00:00Z' }));
    const answer = await link.post(1, { fields: { Policy: expired } });
    expect(answer).toEqual({ status: 403, code: 'AccessDenied' });
  });
});

describe('the drain puts aside', () => {
  it('what a form sends a second time', async () => {
    const box = new Mailbox(world, 'replay');
    const link = await givenLink(world, { agent: 'replay', label: 'replay' });
    await link.post(1, { name: 'first.pdf' });
    await box.expectDelivered(1);

    await link.post(1, { name: 'first.pdf' });
    await link.post(1, { name: 'second.pdf', body: 'another' });
    await link.post(1, { name: 'third.pdf', body: 'another' });
    await until('three put aside', async () => (await refusedOf(world, link)).length === 3);

    expect(await box.inbox()).toEqual({ 'replay/first.pdf': 'content' });
    expect((await refusedOf(world, link)).map(({ reason }) => reason)).toEqual(
      Array(3).fill('place 1 of the link is used: each takes one file'),
    );
    expect((await box.receipts()).map(({ state }) => state)).toEqual(['delivered']);
    expect((await link.receipts()).files[1]).toMatchObject({ name: 'first.pdf', state: 'arrived' });
    await link.post(3, { name: 'third.pdf' });
    await box.expectDelivered(2);
  });

  it('what comes by a link that was revoked, has expired, or was never made', async () => {
    const box = new Mailbox(world, 'ended');
    const revoked = await givenLink(world, { agent: 'ended' });
    await revokeDropLink(depsIn(world), 'ended', revoked.id);
    const expired = await givenLink(world, { agent: 'ended' });
    const past = { createdAt: '2026-01-01T00:00:00.000Z', expiresAt: '2026-01-02T00:00:00.000Z' };
    await changeRecord(expired.id, past);
    const unknown = await givenLink(world, { agent: 'ended' });
    await changeRecord(unknown.id, undefined);
    for (const link of [revoked, expired, unknown]) {
      expect(await link.post(1, {})).toMatchObject({ status: created });
    }

    await until('all put aside', async () => (await box.dropsLeft()).length === 0);

    const reasons = async (link: { id: string }): Promise<(string | undefined)[]> =>
      (await refusedOf(world, link)).map(({ reason }) => reason);
    expect(await reasons(revoked)).toEqual([expect.stringMatching(/^the link was revoked at 20/)]);
    expect(await reasons(expired)).toEqual(['the link had expired at 2026-01-02T00:00:00.000Z']);
    // What nobody knows is nobody's to throw away: it lies where nothing expires, and is told of.
    expect(await reasons(unknown)).toEqual([]);
    const receipts = await box.receipts();
    expect(receipts.map(({ reason }) => reason)).toEqual([`the link ${unknown.id} is not known`]);
    expect(String(await world.get('exchange', receipts[0]?.name ?? ''))).toBe('content');
    expect(await box.inbox()).toEqual({});
    expect((await fetch(revoked.url)).status).toBe(404);
    expect(await revoked.receipts()).toMatchObject({
      ended: 'revoked',
      files: { 1: { state: 'refused' } },
    });
    const states = (await listDropLinks(depsIn(world), 'ended')).map(({ state }) => state);
    expect(states.sort()).toEqual(['expired', 'revoked']);
  });

  it('what is of another type than the link names, and larger than the agent takes', async () => {
    const box = new Mailbox(world, 'small');
    const link = await givenLink(world, { agent: 'small', types: ['pdf', 'image/png'] });
    await link.post(1, { name: 'page.html', type: 'text/html' });
    await link.post(2, { name: 'picture', type: 'image/png' });
    await link.post(3, { name: 'large.pdf', body: 'x'.repeat(21) });

    expect(await box.expectDelivered(1)).toEqual({ [`link-${link.id}/picture`]: 'content' });
    await until('two put aside', async () => (await refusedOf(world, link)).length === 2);
    const reasons = (await refusedOf(world, link)).map(({ reason }) => reason);
    expect(reasons).toContain('is of another type than the link allows: .pdf, image/png');
    expect(reasons).toContain('has 21 bytes; sync.maxDropBytes allows 20');
  });
});

it('takes any name for a file of one folder, and nothing more', async () => {
  const box = new Mailbox(world, 'names');
  await box.givenWorkspace({ 'AGENTS.md': 'original' });
  const names = [
    '../../AGENTS.md',
    '.receipts/x.json',
    'a/b\\c.txt',
    'half.tmp',
    '..',
    'a\u200bb.txt',
  ];
  const link = await givenLink(world, { agent: 'names', label: 'box', files: names.length });
  for (const [index, name] of names.entries()) {
    const key = slotPrefix('names', link.id, index + 1) + name;
    expect(await link.post(index + 1, { key }), name).toMatchObject({ status: created });
  }

  const inbox = await box.expectDelivered(names.length);

  expect(Object.keys(inbox).sort()).toEqual(
    [
      'box/.._.._AGENTS.md',
      'box/.receipts_x.json',
      'box/a_b_c.txt',
      'box/half.tmp',
      'box/__',
      'box/a_b.txt',
    ].sort(),
  );
  expect(await box.workspace('AGENTS.md')).toEqual({ '': 'original' });
});

async function changeRecord(id: string, change: object | undefined): Promise<void> {
  const { state } = depsIn(world);
  const key = linkRecordKey('ended', id);
  const record = JSON.parse(String(await world.get('state', key))) as object;
  if (change) await state.put(key, JSON.stringify({ ...record, ...change }));
  else await state.delete(key);
}
