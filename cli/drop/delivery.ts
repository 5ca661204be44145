import { HeadObjectCommand, type HeadObjectCommandInput } from '@aws-sdk/client-s3';
import {
  dropPrefix,
  folders,
  quarantinePrefix,
  workspacePrefix,
  type Receipt,
} from '../../functions/shared/contract/index.ts';
import { receiptId } from '../../functions/shared/mailbox/delivery.ts';
import { parseReceipt, receiptPath } from '../../functions/shared/mailbox/receipt.ts';
import { readText } from '../aws/objects.ts';
import { bucketOf, type AgentContext } from '../context.ts';
import type { Sent } from './send.ts';

/** What is known of a drop. */
export type Outcome =
  | { state: 'delivered'; receipt: Receipt }
  /** `place`: its key in the exchange bucket. */
  | { state: 'quarantined'; place: string; receipt?: Receipt }
  /** Gone from `_outbox`; the receipt, which says why, lies in a workspace that is not seen from here. */
  | { state: 'taken' }
  | { state: 'waiting' };

/**
 * Looks what became of a drop. Its receipt says so where the workspace is in the workspace bucket;
 * where it is elsewhere, all that can be seen from here is whether it was put aside.
 */
export async function outcomeOf(context: AgentContext, sent: Sent): Promise<Outcome> {
  const { agent } = context;
  const isGone = !(await isThere(context, dropPrefix(agent) + sent.path, sent.version));
  const id = receiptId(agent, 'drop', sent);
  const receipt = await readReceipt(context, id);
  if (receipt?.state === 'delivered') return { state: 'delivered', receipt };
  if (receipt) return { state: 'quarantined', place: receipt.name, receipt };
  if (!isGone) return { state: 'waiting' };
  const place = quarantinePrefix(agent) + id;
  return (await isAside(context, place)) ? { state: 'quarantined', place } : { state: 'taken' };
}

/** What is put aside is copied before it leaves `_outbox`. */
async function isAside(context: AgentContext, place: string): Promise<boolean> {
  try {
    return await isThere(context, place);
  } catch (error) {
    // Who may not look there still learns that the drop was taken.
    if (statusOf(error) === 403) return false;
    throw error;
  }
}

async function isThere(context: AgentContext, Key: string, version?: string): Promise<boolean> {
  const request: HeadObjectCommandInput = { Bucket: bucketOf(context, 'Exchange'), Key };
  if (version !== undefined) request.VersionId = version;
  try {
    await context.clients.s3.send(new HeadObjectCommand(request));
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/** Of a question without an answer's body S3 says no more than the status. */
function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

/** A receipt by its id, where the workspace is in the workspace bucket. */
export async function readReceipt(context: AgentContext, id: string): Promise<Receipt | undefined> {
  const { clients, agent } = context;
  const Bucket = bucketOf(context, 'Workspace');
  const Key = `${workspacePrefix(agent)}${folders.inbox}/${receiptPath(id)}`;
  const text = await readText(clients.s3, { Bucket, Key });
  return text === undefined ? undefined : parseReceipt(text);
}
