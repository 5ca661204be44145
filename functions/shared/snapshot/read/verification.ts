import * as z from 'zod';
import { snapshotIdPattern } from '../names.ts';

const verificationSchema = z.object({
  format: z.literal('workspace-sync-verification'),
  version: z.literal(1),
  snapshot: z.string().regex(snapshotIdPattern),
  /** SHA-256 of the manifest that was held against the objects. */
  manifest: z.string().regex(/^[0-9a-f]{64}$/),
  runId: z.string(),
  at: z.iso.datetime(),
  /** How much of the archive was read, in percent. */
  percent: z.number().positive().max(100),
  /** `contents`: it was opened, every file. `objects`: bytes and hashes only, for want of a key. */
  method: z.enum(['contents', 'objects']),
  passed: z.boolean(),
  problem: z.string().exactOptional(),
});

/** The record of one verification, which lies beside the manifest. */
export type Verification = z.infer<typeof verificationSchema>;

export function formatVerification(verification: Verification): Buffer {
  return Buffer.from(`${JSON.stringify(verification, undefined, 2)}\n`);
}

/** A record, or `undefined` for what is none: then nothing is known. */
export function parseVerification(bytes: Uint8Array): Verification | undefined {
  try {
    return verificationSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return undefined;
  }
}

/**
 * What all records of a snapshot amount to: the newest one counts, except that a failure stands
 * until as much of the archive has been read again and found good.
 */
export function verdictOf(
  records: readonly Verification[],
  manifestSha256: string,
): Verification | undefined {
  const ordered = records
    .filter(({ manifest }) => manifest === manifestSha256)
    .sort((a, b) => (a.at < b.at ? -1 : 1));
  return ordered.reduce<Verification | undefined>((verdict, next) => {
    if (!verdict || verdict.passed) return next;
    // Failing once more does not make it younger; and what failed is not good because a part of it is.
    return next.passed && next.percent >= verdict.percent ? next : verdict;
  }, undefined);
}
