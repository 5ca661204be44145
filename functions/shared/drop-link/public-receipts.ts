import * as z from 'zod';
import type { Receipt } from '../contract/index.ts';
import { linkKeys } from '../contract/drop-links.ts';
import type { ObjectStore } from '../state/object-store.ts';
import type { LinkPlace } from './place.ts';

const publicReceiptSchema = z.object({
  /** The file's own name, without what could deceive a reader. */
  name: z.string(),
  size: z.number(),
  /** Lower-case hexadecimal; absent where the file was not read. */
  sha256: z.string().exactOptional(),
  time: z.iso.datetime(),
  state: z.enum(['arrived', 'refused']),
});

/** What whoever has the link is told of a file, and nothing else. */
export type PublicReceipt = z.infer<typeof publicReceiptSchema>;

const publicReceiptsSchema = z.object({
  version: z.literal(1),
  /** Set when nothing more is taken before the link's time is over. */
  ended: z.literal('revoked').exactOptional(),
  /** By number of the slot. */
  files: z.record(z.string(), publicReceiptSchema),
});

/** One object for each link: the page asks for it alone, however many files there are. */
export type PublicReceipts = z.infer<typeof publicReceiptsSchema>;

/** What a new link says. */
export const noReceipts: PublicReceipts = { version: 1, files: {} };

/** What a receipt says in public. `name` is the file's name without its folder. */
export function publicReceipt(
  { state, size, sha256, deliveredAt }: Receipt,
  name: string,
): PublicReceipt {
  return {
    name,
    size,
    ...(sha256 === undefined ? {} : { sha256 }),
    time: deliveredAt,
    state: state === 'delivered' ? 'arrived' : 'refused',
  };
}

/** Adds a file. What has arrived stays: a file that is refused later has only come too late. */
export function withReceipt(
  receipts: PublicReceipts,
  { slot }: Pick<LinkPlace, 'slot'>,
  receipt: PublicReceipt,
): PublicReceipts {
  if (receipt.state === 'refused' && receipts.files[slot]?.state === 'arrived') return receipts;
  return { ...receipts, files: { ...receipts.files, [slot]: receipt } };
}

/** How often a write is tried again when another writer comes between. */
const attempts = 5;

/** Changes what a link says in public; `store` is the exchange bucket. */
export async function changeReceipts(
  store: ObjectStore,
  id: string,
  change: (receipts: PublicReceipts) => PublicReceipts,
): Promise<void> {
  const key = linkKeys.receipts(id);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const found = await store.get(key);
    const before = found ? parse(found.body) : undefined;
    const body = JSON.stringify(change(before ?? noReceipts));
    const condition = found ? { ifMatch: found.etag } : ({ ifAbsent: true } as const);
    if ((await store.put(key, body, condition)).written) return;
  }
}

/** It is told again and again: what cannot be read is written anew. */
function parse(body: Uint8Array): PublicReceipts | undefined {
  try {
    return publicReceiptsSchema.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return undefined;
  }
}
