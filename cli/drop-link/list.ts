import type { S3Client } from '@aws-sdk/client-s3';
import { epochOf, type Clock } from '../../functions/shared/clock.ts';
import {
  linkRecordKey,
  linkSlotPrefix,
  linkStates,
} from '../../functions/shared/contract/drop-links.ts';
import { linkRecordSchema, type LinkRecord } from '../../functions/shared/drop-link/record.ts';
import { inParallel } from '../../functions/shared/parallel.ts';
import { readJson } from '../../functions/shared/state/json.ts';
import { orLeftOut } from '../aws/state.ts';
import { listObjects } from '../../functions/shared/state/list-objects.ts';
import type { ObjectStore } from '../../functions/shared/state/object-store.ts';

/** How a link stands: it takes files, or why it does not. */
export type LinkState = 'open' | 'used up' | 'expired' | 'revoked';

/** A link that was made in the last ninety days. */
export interface ListedLink extends LinkRecord {
  state: LinkState;
  /** Files that have been taken. */
  used: number;
}

/** Where links are written down. */
export interface LinkListDeps {
  s3: S3Client;
  stateBucket: string;
  state: ObjectStore;
  clock: Clock;
}

/**
 * The links of an agent, newest first.
 * @param leftOut takes what is to be said of records that cannot be read
 */
export async function listDropLinks(
  deps: LinkListDeps,
  agent: string,
  leftOut: string[] = [],
): Promise<ListedLink[]> {
  const prefix = `${linkStates.records}/${agent}/`;
  const ids = (await keysBelow(deps, prefix)).map((key) =>
    key.slice(prefix.length).replace(/\.json$/, ''),
  );
  const links = await inParallel(8, ids, (id) => orLeftOut(readLink(deps, agent, id), leftOut));
  return links
    .filter((link) => link !== undefined)
    .sort((a, b) => epochOf(b.createdAt) - epochOf(a.createdAt));
}

async function readLink(
  deps: LinkListDeps,
  agent: string,
  id: string,
): Promise<ListedLink | undefined> {
  const found = await readJson(deps.state, linkRecordKey(agent, id), linkRecordSchema);
  if (!found) return undefined;
  const used = (await keysBelow(deps, linkSlotPrefix(agent, id))).length;
  return { ...found.value, used, state: stateOf(found.value, used, deps.clock.now()) };
}

/** How a link stands at a time. */
export function stateOf(record: LinkRecord, used: number, now: number): LinkState {
  if (record.revokedAt !== undefined) return 'revoked';
  if (epochOf(record.expiresAt) <= now) return 'expired';
  return used >= record.files ? 'used up' : 'open';
}

async function keysBelow(
  { s3, stateBucket }: Pick<LinkListDeps, 's3' | 'stateBucket'>,
  prefix: string,
): Promise<string[]> {
  const keys: string[] = [];
  for await (const { objects } of listObjects(s3, { bucket: stateBucket, prefix })) {
    keys.push(...objects.map(({ Key }) => Key));
  }
  return keys;
}
