import { isoTime, type Clock } from '../../functions/shared/clock.ts';
import { linkKeys, linkRecordKey } from '../../functions/shared/contract/drop-links.ts';
import { changeReceipts } from '../../functions/shared/drop-link/public-receipts.ts';
import { linkRecordSchema, type LinkRecord } from '../../functions/shared/drop-link/record.ts';
import { linkIdPattern } from '../../functions/shared/drop-link/place.ts';
import { readJson } from '../../functions/shared/state/json.ts';
import type { ObjectStore } from '../../functions/shared/state/object-store.ts';
import { CommandFailure } from '../failure.ts';

/** Where a link is written down, and where its page lies. */
export interface RevokeDeps {
  state: ObjectStore;
  exchange: ObjectStore;
  clock: Clock;
}

/** How often another writer may come between. */
const attempts = 3;

/**
 * Ends a link: from here on nothing that comes by it is delivered, its page is gone, and a page that
 * is still open says so. Revoking it again changes nothing. What S3 cannot do is forget a signature:
 * uploads are still taken until the link's time is over, and put aside.
 * @throws CommandFailure where there is no such link.
 */
export async function revokeDropLink(
  deps: RevokeDeps,
  agent: string,
  id: string,
): Promise<LinkRecord> {
  const record = await markRevoked(deps, agent, id);
  await deps.exchange.delete(linkKeys.page(id));
  await changeReceipts(deps.exchange, id, (receipts) => ({ ...receipts, ended: 'revoked' }));
  return record;
}

async function markRevoked(
  { state, clock }: RevokeDeps,
  agent: string,
  id: string,
): Promise<LinkRecord> {
  if (!linkIdPattern.test(id)) throw noSuchLink(agent, id);
  const key = linkRecordKey(agent, id);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const found = await readJson(state, key, linkRecordSchema);
    if (!found) throw noSuchLink(agent, id);
    if (found.value.revokedAt !== undefined) return found.value;
    const record = { ...found.value, revokedAt: isoTime(clock.now()) };
    const { written } = await state.put(key, JSON.stringify(record), { ifMatch: found.etag });
    if (written) return record;
  }
  throw new CommandFailure(`The record of link ${id} is being changed by others; try again.`, {
    code: 'link-busy',
  });
}

function noSuchLink(agent: string, id: string): CommandFailure {
  return new CommandFailure(
    (suggest) =>
      `Agent "${agent}" has no link "${id}". ${suggest('drop-link', 'list')} shows its links.`,
    { code: 'no-link' },
  );
}
