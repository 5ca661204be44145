import * as z from 'zod';

const count = z.int().nonnegative();
const part = z.object({ bytes: count, sha256: z.string() });

/** A file that a segment ends in: what is packed of it, and how to go on. */
export const pendingSchema = z.object({
  /** Path in the archive. */
  path: z.string(),
  /** What the candidate was called: location and path in the source. */
  candidate: z.string(),
  size: count,
  modified: z.number(),
  mode: count.exactOptional(),
  version: z.string().exactOptional(),
  /** Where its header is. */
  at: z.tuple([z.int().positive(), count]),
  /** Bytes of it that are packed. */
  offset: count,
  /** Hashes of what is packed, one for each leg. */
  parts: z.array(part),
  flags: z.array(z.enum(['changed', 'cut', 'database', 'in-use'])),
});
export type PendingFile = z.infer<typeof pendingSchema>;

/** How far a snapshot has come: everything up to here is in finished segments. */
export const positionSchema = z.object({
  /** Archive path of the last file that is packed or passed over. */
  after: z.string().exactOptional(),
  pending: pendingSchema.exactOptional(),
  /** The last databases, whose sidecars may still come. */
  databases: z.array(z.string()).exactOptional(),
});
export type Position = z.infer<typeof positionSchema>;

/** Behind which candidate reading goes on. */
export function cursorOf({ pending, after }: Position): string | undefined {
  return pending?.candidate ?? after;
}
