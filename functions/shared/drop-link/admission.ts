import { HeadObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { isoTime, type Clock } from '../clock.ts';
import type { Receipt } from '../contract/index.ts';
import { dropPrefix } from '../contract/index.ts';
import { linkRecordKey, linkSlotKey } from '../contract/drop-links.ts';
import type { Drop, DropDecision } from '../mailbox/delivery.ts';
import { safeName } from '../mailbox/name-policy.ts';
import type { Admission, Delivering } from '../mailbox/ports.ts';
import type { DropPlace } from '../mailbox/s3-outbox.ts';
import { readJson, StateCorruptError } from '../state/json.ts';
import type { ObjectStore } from '../state/object-store.ts';
import type { Log } from '../telemetry.ts';
import { needContentType } from './file-types.ts';
import { isLinkPath, parseLinkPath, type LinkPlace } from './place.ts';
import { changeReceipts, publicReceipt, withReceipt } from './public-receipts.ts';
import { linkRecordSchema, slotSchema, type LinkRecord, type UsedSlot } from './record.ts';
import { objection, usedUp } from './verdict.ts';

/** What {@link linkAdmission} works with. */
export interface LinkAdmissionDeps {
  place: DropPlace;
  /** `sync.maxDropBytes` of the agent: a link may allow less, and never more. */
  maxDropBytes: number;
  /** The state bucket: what links allow, and which slots are used. */
  state: ObjectStore;
  /** The exchange bucket: what is said in public. */
  exchange: ObjectStore;
  clock: Clock;
  log: Log;
}

/**
 * Holds the drops that came by a link to what it allows. S3 has checked size, type and time, but a
 * form can be sent again and again: here each slot is good for one file, whoever comes first.
 */
export function linkAdmission(deps: LinkAdmissionDeps): Admission {
  return {
    async decide(drop, id) {
      if (!isLinkPath(drop.path)) return undefined;
      const link = parseLinkPath(drop.path);
      if (!link) return { action: 'quarantine', drop, id, reason: 'lies where no link puts files' };
      try {
        return await decideByLink(deps, drop, id, link);
      } catch (error) {
        // One object that was changed by hand must not hold up everybody's mail.
        if (!(error instanceof StateCorruptError)) throw error;
        return { action: 'leave', drop, reason: error.message };
      }
    },
    async report(receipts) {
      for (const receipt of receipts) {
        // A page that shows nothing must not hold up the mail: the receipt in the inbox is there.
        await tell(deps, receipt).catch((error: unknown) => {
          deps.log.warn('the page of a link cannot be told', { link: receipt.source.link, error });
        });
      }
    },
  };
}

type NamedPlace = LinkPlace & { name: string };

async function decideByLink(
  deps: LinkAdmissionDeps,
  drop: Drop,
  id: string,
  link: NamedPlace,
): Promise<DropDecision> {
  const key = linkRecordKey(deps.place.agent, link.id);
  const record = (await readJson(deps.state, key, linkRecordSchema))?.value;
  if (record?.id !== link.id) {
    // Without `link`: what was allowed cannot be told any more, so this goes where nothing expires.
    return { action: 'quarantine', drop, id, reason: `the link ${link.id} is not known` };
  }
  const contentType = await contentTypeOf(deps, drop, record);
  const reason = objection(record, deps, { ...drop, ...link, contentType });
  const slot = linkSlotKey(deps.place.agent, link.id, link.slot);
  const isOwn =
    reason === undefined ? await claim(deps, slot, drop, id, link) : await owns(deps, slot, id);
  if (!isOwn) return { action: 'quarantine', drop, id, reason: reason ?? usedUp(link.slot), link };
  // A run that was killed may have delivered it before the link was ended.
  const late = reason === undefined ? {} : { tooLate: reason };
  return { ...delivering(drop, id, link, record), ...late };
}

/** One folder for each link, and nothing below it: a name of the stranger's makes no folders. */
function delivering(drop: Drop, id: string, link: NamedPlace, record: LinkRecord): Delivering {
  const given = `${record.folder}/${link.name}`;
  const safe = safeName(`${record.folder}/${flat(link.name)}`);
  const renamed = safe.path === given ? undefined : (safe.renamed ?? nameChanged(link.name));
  const changed = renamed === undefined ? {} : { renamed };
  return { action: 'deliver', drop, id, wanted: safe.path, ...changed, link };
}

function flat(name: string): string {
  return name.replace(/[\\/]/g, '_') || 'unnamed';
}

function nameChanged(name: string): string {
  return `the name ${JSON.stringify(name.slice(0, 300))} cannot be used as it is`;
}

/** @returns whether the slot is this drop's, now or since an earlier run. */
async function claim(
  deps: LinkAdmissionDeps,
  key: string,
  drop: Drop,
  id: string,
  { name }: NamedPlace,
): Promise<boolean> {
  const used: UsedSlot = {
    version: 1,
    drop: id,
    name,
    bytes: drop.size,
    claimedAt: isoTime(deps.clock.now()),
  };
  const outcome = await deps.state.put(key, JSON.stringify(used), { ifAbsent: true });
  return outcome.written || owns(deps, key, id);
}

async function owns({ state }: LinkAdmissionDeps, key: string, id: string): Promise<boolean> {
  return (await readJson(state, key, slotSchema))?.value.drop === id;
}

/** A listing does not say it: it is asked for where the link makes a difference by it. */
async function contentTypeOf(
  { place: { client, bucket, agent } }: LinkAdmissionDeps,
  { path, version }: Drop,
  record: LinkRecord,
): Promise<string | undefined> {
  if (!needContentType(record.types)) return undefined;
  const Key = dropPrefix(agent) + path;
  try {
    const answer = await client.send(
      new HeadObjectCommand({ Bucket: bucket, Key, VersionId: version }),
    );
    return answer.ContentType;
  } catch (error) {
    // Gone meanwhile: what is left to do with it finds that out for itself.
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404)
      return undefined;
    throw error;
  }
}

async function tell({ exchange }: LinkAdmissionDeps, receipt: Receipt): Promise<void> {
  const { link, path } = receipt.source;
  if (!link) return;
  const shown = publicReceipt(receipt, safeName(flat(path)).path);
  await changeReceipts(exchange, link.id, (receipts) => withReceipt(receipts, link, shown));
}
