import * as z from 'zod';
import { folders, type Receipt } from '../contract/index.ts';

/** The receipt as it is read back: written by us, but lying where the agent may change it. */
export const receiptSchema: z.ZodType<Receipt> = z.object({
  version: z.literal(1),
  id: z.string(),
  agent: z.string(),
  state: z.enum(['delivered', 'quarantined']),
  name: z.string(),
  source: z.object({
    kind: z.enum(['drop', 'cloud']),
    path: z.string(),
    version: z.string(),
    modified: z.string().exactOptional(),
    link: z.object({ id: z.string(), slot: z.number() }).exactOptional(),
  }),
  size: z.number(),
  sha256: z.string().exactOptional(),
  flags: z.array(z.enum(['control-file', 'renamed'])),
  reason: z.string().exactOptional(),
  deliveredAt: z.string(),
  runId: z.string(),
});

/** Path of a receipt below `_inbox`. */
export function receiptPath(id: string): string {
  return `${folders.receipts}/${id}.json`;
}

/** The text of a receipt: indented, because agents and people read it. */
export function receiptText(receipt: Receipt): string {
  return `${JSON.stringify(receipt, null, 2)}\n`;
}

/**
 * Reads a receipt back. One that cannot be read counts as none: the drop is delivered again, which
 * loses nothing.
 */
export function parseReceipt(text: string): Receipt | undefined {
  try {
    return receiptSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
