import { GetObjectCommand, HeadObjectCommand, NoSuchKey } from '@aws-sdk/client-s3';
import {
  dropPrefix,
  folders,
  workspacePrefix,
  type Receipt,
} from '../../functions/shared/contract/index.ts';
import { receiptId } from '../../functions/shared/mailbox/delivery.ts';
import { parseReceipt, receiptPath } from '../../functions/shared/mailbox/receipt.ts';
import { bucketOf, type AgentContext } from '../context.ts';
import type { Sent } from './send.ts';

/** What is known of a drop. */
export type Outcome =
  { state: 'delivered' | 'quarantined'; receipt?: Receipt } | { state: 'waiting' };

/**
 * Looks what became of a drop. Its receipt says so where the workspace is in the workspace bucket;
 * where it is elsewhere, all that can be seen from here is that it was taken.
 */
export async function outcomeOf(context: AgentContext, sent: Sent): Promise<Outcome> {
  const isGone = !(await isThere(context, sent));
  const receipt = await readReceipt(context, receiptId(context.agent, 'drop', sent));
  if (receipt) return { state: receipt.state, receipt };
  return isGone ? { state: 'delivered' } : { state: 'waiting' };
}

async function isThere(context: AgentContext, { path, version }: Sent): Promise<boolean> {
  const { clients, agent } = context;
  const Bucket = bucketOf(context, 'Exchange');
  try {
    const Key = dropPrefix(agent) + path;
    await clients.s3.send(new HeadObjectCommand({ Bucket, Key, VersionId: version }));
    return true;
  } catch (error) {
    // Of a question without an answer's body S3 says no more than the status.
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 404) return false;
    throw error;
  }
}

/** A receipt by its id, where the workspace is in the workspace bucket. */
export async function readReceipt(context: AgentContext, id: string): Promise<Receipt | undefined> {
  const { clients, agent } = context;
  const Bucket = bucketOf(context, 'Workspace');
  const Key = `${workspacePrefix(agent)}${folders.inbox}/${receiptPath(id)}`;
  try {
    const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket, Key }));
    return parseReceipt((await Body?.transformToString()) ?? '');
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}
