import * as z from 'zod';
import { maxLinkBytes, maxLinkFiles } from '../contract/drop-links.ts';
import { isControlFile, safeName } from '../mailbox/name-policy.ts';
import { linkIdPattern } from './place.ts';

/** What a link allows, as the state bucket keeps it: what the drain holds its drops to. */
export const linkRecordSchema = z.object({
  version: z.literal(1),
  id: z.string().regex(linkIdPattern),
  agent: z.string(),
  /** The folder of `_inbox` that its files come to. */
  folder: z.string(),
  /** How many files it takes; each has a slot of its own, counted from 1. */
  files: z.int().min(1).max(maxLinkFiles),
  /** Bytes of the largest file. */
  maxBytes: z.int().min(1).max(maxLinkBytes),
  /** See FileType; none for any. */
  types: z.array(z.string()),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().exactOptional(),
});
export type LinkRecord = z.infer<typeof linkRecordSchema>;

/** Which file has used a slot. */
export const slotSchema = z.object({
  version: z.literal(1),
  /** Id of the file's receipt. */
  drop: z.string(),
  name: z.string(),
  bytes: z.number(),
  claimedAt: z.iso.datetime(),
});
export type UsedSlot = z.infer<typeof slotSchema>;

/** Folder of `_inbox` that a link without a label delivers to. */
export function folderOfLink(id: string): string {
  return `link-${id}`;
}

/** Whether a link may be called so: a plain name of one folder that steers nobody. */
export function isGoodLabel(label: string): boolean {
  return (
    /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,59}$/u.test(label) &&
    safeName(label).path === label &&
    !isControlFile(label)
  );
}
