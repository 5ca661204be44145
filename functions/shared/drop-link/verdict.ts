import { epochOf } from '../clock.ts';
import type { Drop } from '../mailbox/delivery.ts';
import { isAllowedType } from './file-types.ts';
import type { LinkPlace } from './place.ts';
import type { LinkRecord } from './record.ts';

/**
 * How long after its end a link's drops are still taken: S3 looks at a form's expiry when the upload
 * begins, and a large file on a slow line takes its time.
 */
export const graceMs = 3_600_000;

/** A drop of a link, with what the rules look at. */
export interface LinkDrop extends LinkPlace, Pick<Drop, 'size' | 'modified'> {
  name: string;
  contentType?: string | undefined;
}

/**
 * Why a link does not allow this drop; `undefined` where it does, as far as one drop can be judged
 * without the others.
 */
export function objection(
  record: LinkRecord,
  { maxDropBytes }: { maxDropBytes: number },
  drop: LinkDrop,
): string | undefined {
  return (
    endOf(record, drop) ??
    (drop.slot > record.files
      ? `the link has ${record.files} places for files, and this is number ${drop.slot}`
      : undefined) ??
    (drop.size > record.maxBytes
      ? `has ${drop.size} bytes; the link allows ${record.maxBytes}`
      : undefined) ??
    (drop.size > maxDropBytes
      ? `has ${drop.size} bytes; sync.maxDropBytes allows ${maxDropBytes}`
      : undefined) ??
    (isAllowedType(record.types, drop)
      ? undefined
      : `is of another type than the link allows: ${record.types.join(', ')}`)
  );
}

function endOf(record: LinkRecord, { modified }: LinkDrop): string | undefined {
  if (record.revokedAt !== undefined) return `the link was revoked at ${record.revokedAt}`;
  const late = modified === undefined ? 0 : epochOf(modified) - epochOf(record.expiresAt);
  return late > graceMs ? `the link had expired at ${record.expiresAt}` : undefined;
}

/** Why a slot that another file has used takes no second one. */
export function usedUp(slot: number): string {
  return `place ${slot} of the link is used: each takes one file`;
}
