import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  linkKeys,
  linkRecordKey,
  linkSlotKey,
} from '../../../functions/shared/contract/drop-links.ts';
import type { Receipt } from '../../../functions/shared/contract/index.ts';
import { linkAdmission } from '../../../functions/shared/drop-link/admission.ts';
import type { LinkRecord } from '../../../functions/shared/drop-link/record.ts';
import {
  deliveredReceipt,
  quarantinedReceipt,
  type DropDecision,
} from '../../../functions/shared/mailbox/delivery.ts';
import type { Admission } from '../../../functions/shared/mailbox/ports.ts';
import type { ObjectStore } from '../../../functions/shared/state/object-store.ts';
import { MemoryObjectStore } from '../../fixtures/memory-object-store.ts';
import { givenRecord, linkId } from './given.ts';

const clock = { now: () => 0, sleep: () => Promise.resolve() };
let state: ObjectStore;
let exchange: ObjectStore;
let gate: Admission;
let warnings: string[];
const client = new S3Client({});
const s3 = mockClient(client);
beforeEach(() => {
  state = new MemoryObjectStore();
  exchange = new MemoryObjectStore();
  warnings = [];
  s3.reset();
  const ignore = (): void => undefined;
  const warn = (text: string): void => void warnings.push(text);
  gate = linkAdmission({
    place: { client, bucket: 'exchange', agent: 'main' },
    maxDropBytes: 1_000_000,
    log: { debug: ignore, info: ignore, warn, error: ignore },
    ...{ state, exchange, clock },
  });
});

async function givenLink(more: Partial<LinkRecord> = {}): Promise<void> {
  await state.put(linkRecordKey('main', linkId), JSON.stringify(givenRecord(more)));
}

function decide(name: string, id: string, slot = 1, size = 10): Promise<DropDecision | undefined> {
  const path = `.links/${linkId}/${slot}/${name}`;
  return gate.decide({ path, size, version: 'v', modified: '2026-01-01T12:00:00Z' }, id);
}

describe('a drop by a link', () => {
  it('is delivered into the folder of the link, flat, under a safe name', async () => {
    await givenLink();
    expect(await decide('report.pdf', 'a', 1)).toMatchObject({
      action: 'deliver',
      wanted: 'label/report.pdf',
    });
    expect(await decide('../../AGENTS.md', 'b', 2)).toMatchObject({
      action: 'deliver',
      wanted: 'label/.._.._AGENTS.md',
      renamed: 'the name "../../AGENTS.md" cannot be used as it is',
    });
    expect(await decide('half.tmp', 'c', 3)).toMatchObject({ action: 'deliver' });
  });

  it('has its slot for itself, in every run', async () => {
    await givenLink();
    expect(await decide('a', 'first')).toMatchObject({ action: 'deliver' });
    expect(await decide('a', 'second')).toMatchObject({
      action: 'quarantine',
      reason: 'place 1 of the link is used: each takes one file',
    });
    expect(await decide('a', 'first')).toMatchObject({ action: 'deliver' });
  });

  it('that was admitted before the link was revoked is delivered only where that had begun', async () => {
    await givenLink();
    expect(await decide('a', 'first')).not.toHaveProperty('tooLate');
    await givenLink({ revokedAt: '2026-01-01T13:00:00.000Z' });
    expect(await decide('a', 'first')).toMatchObject({
      action: 'deliver',
      tooLate: 'the link was revoked at 2026-01-01T13:00:00.000Z',
    });
    expect(await decide('b', 'other', 2)).toMatchObject({ action: 'quarantine' });
  });

  it('that is refused uses up no slot', async () => {
    await givenLink();
    expect(await decide('a', 'too large', 1, 1001)).toMatchObject({ action: 'quarantine' });
    expect(await state.get(linkSlotKey('main', linkId, 1))).toBeUndefined();
    expect(await decide('a', 'right')).toMatchObject({ action: 'deliver' });
  });

  // What the record said is gone for good; what the person sent must not go after it.
  it('of a link that nobody knows goes into the quarantine that nothing empties', async () => {
    const decision = await decide('invoice.pdf', 'a');
    expect(decision).toMatchObject({
      action: 'quarantine',
      reason: `the link ${linkId} is not known`,
    });
    expect(decision).not.toHaveProperty('link');
    await givenLink({ id: 'fedcba9876543210' });
    expect(await decide('invoice.pdf', 'b')).not.toHaveProperty('link');
  });

  it.each([
    ['record', linkRecordKey('main', linkId)],
    ['used slot', linkSlotKey('main', linkId, 1)],
  ])('whose %s cannot be read stays where it is, and says why', async (_, key) => {
    await givenLink();
    await state.put(key, '{"version":2}');
    expect(await decide('a', 'a')).toMatchObject({
      action: 'leave',
      reason: expect.stringContaining(`"${key}" is not what this release writes`) as string,
    });
  });

  it('is not decided about while the state bucket does not answer', async () => {
    state.get = () => Promise.reject(new Error('no answer'));
    await expect(decide('a', 'a')).rejects.toThrow('no answer');
  });

  it('of two at once is admitted once', async () => {
    await givenLink();
    const decisions = await Promise.all(['1', '2', '3', '4'].map((id) => decide('a', id)));
    expect(decisions.filter((decision) => decision?.action === 'deliver')).toHaveLength(1);
  });

  it('is asked for its type only where the link makes a difference by it', async () => {
    s3.on(HeadObjectCommand).resolves({ ContentType: 'image/png' });
    await givenLink();
    await decide('a', 'a', 1);
    expect(s3.calls()).toHaveLength(0);
    await givenLink({ types: ['image/png'] });
    expect(await decide('b', 'b', 2)).toMatchObject({ action: 'deliver' });
    await givenLink({ types: ['image/jpeg'] });
    expect(await decide('c', 'c', 3)).toMatchObject({ action: 'quarantine' });
  });

  it('that lies where no link puts files is put aside, and others are none of our business', async () => {
    const drop = { size: 1, version: 'v' };
    expect(await gate.decide({ ...drop, path: '.links/odd' }, 'a')).toMatchObject({
      action: 'quarantine',
      reason: 'lies where no link puts files',
    });
    expect(await gate.decide({ ...drop, path: 'report.pdf' }, 'a')).toBeUndefined();
    expect(await gate.decide({ ...drop, path: 'sub/.links/x' }, 'a')).toBeUndefined();
  });
});

describe('what the page is told', () => {
  const facts = { agent: 'main', kind: 'drop' as const, runId: 'run', clock };
  const link = { id: linkId, slot: 2, name: 'my/report.pdf' };
  const drop = { path: 'x', size: 3, version: 'v' };
  const delivered = deliveredReceipt(
    facts,
    { action: 'deliver', drop, id: 'a', wanted: 'label/my_report.pdf', link },
    'label/my_report (2).pdf',
    'aa',
  );
  const refused = quarantinedReceipt(
    facts,
    { action: 'quarantine', drop, id: 'b', reason: 'secret reason', link },
    'place',
  );
  const told = async (...receipts: Receipt[]): Promise<unknown> => {
    await gate.report(receipts);
    const found = await exchange.get(linkKeys.receipts(linkId));
    return found && (JSON.parse(new TextDecoder().decode(found.body)) as unknown);
  };
  const arrived = {
    ...{ name: 'my_report.pdf', size: 3, sha256: 'aa', state: 'arrived' },
    time: '1970-01-01T00:00:00.000Z',
  };

  it('is name, size, hash, time and state, and not how it is called in the inbox', async () => {
    expect(await told(delivered)).toEqual({ version: 1, files: { 2: arrived } });
  });

  it('is without the reason of a refusal, which never hides an arrival', async () => {
    const { sha256, ...rest } = arrived;
    expect(sha256).toBe('aa');
    expect(await told(refused)).toEqual({
      version: 1,
      files: { 2: { ...rest, state: 'refused' } },
    });
    expect(await told(delivered, refused)).toEqual({ version: 1, files: { 2: arrived } });
  });

  it('keeps that the link was closed, and nothing of ordinary drops', async () => {
    const closed = { version: 1, ended: 'revoked', files: {} };
    await exchange.put(linkKeys.receipts(linkId), JSON.stringify(closed));
    const decision = { action: 'deliver' as const, drop, id: 'c', wanted: 'x' };
    expect(await told(deliveredReceipt(facts, decision, 'x', 'bb'))).toEqual(closed);
    expect(await told(delivered)).toEqual({ ...closed, files: { 2: arrived } });
  });

  it('holds up nothing when it cannot be written', async () => {
    exchange.get = () => Promise.reject(new Error('no'));
    await gate.report([delivered]);
    expect(warnings).toEqual(['the page of a link cannot be told']);
  });
});
