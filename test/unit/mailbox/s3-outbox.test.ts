import { CopyObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { quarantinedReceipt } from '../../../functions/shared/mailbox/delivery.ts';
import type { Quarantining } from '../../../functions/shared/mailbox/ports.ts';
import { parseReceipt } from '../../../functions/shared/mailbox/receipt.ts';
import { s3Outbox } from '../../../functions/shared/mailbox/s3-outbox.ts';
import { drop } from './world.ts';

const client = new S3Client({});
const s3 = mockClient(client);
beforeEach(() => void s3.reset());

const clock = { now: () => 0, sleep: () => Promise.resolve() };
const facts = { agent: 'main', kind: 'drop' as const, runId: 'run', clock };
const link = { id: '0123456789abcdef', slot: 1, name: 'given.pdf' };

/** Puts a drop aside. @returns what was written where, in this order, and the receipt given. */
async function putAside(more: Partial<Quarantining>): Promise<unknown[]> {
  const outbox = s3Outbox({ client, bucket: 'exchange', agent: 'main' });
  const decision = {
    ...{ action: 'quarantine' as const, drop: drop('a.pdf'), id: 'id', reason: 'why' },
    ...more,
  };
  const receipt = quarantinedReceipt(facts, decision, outbox.quarantinePlace(decision));
  await outbox.quarantine(decision, receipt);
  return s3.calls().map(({ args: [{ input }] }) => (input as { Key: string }).Key);
}

describe('what is put aside in the exchange bucket', () => {
  it('of a link lies below the link, where its receipt was before it', async () => {
    expect(await putAside({ link })).toEqual([
      '.links/0123456789abcdef/refused/id.json',
      '.links/0123456789abcdef/refused/id',
    ]);
    const [written] = s3.commandCalls(PutObjectCommand);
    expect(parseReceipt(written?.args[0].input.Body as string)).toMatchObject({
      reason: 'why',
      source: { path: 'given.pdf', link: { slot: 1 } },
    });
  });

  it('of others lies in the quarantine of the agent, and its receipt is no business of ours', async () => {
    expect(await putAside({})).toEqual(['main/.quarantine/id']);
    expect(s3.commandCalls(CopyObjectCommand)).toHaveLength(1);
  });
});
