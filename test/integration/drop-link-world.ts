import { s3ObjectStore } from '../../functions/shared/state/s3-object-store.ts';
import { systemClock } from '../../functions/shared/clock.ts';
import { linkKeys } from '../../functions/shared/contract/drop-links.ts';
import type { Receipt } from '../../functions/shared/contract/index.ts';
import type { PublicReceipts } from '../../functions/shared/drop-link/public-receipts.ts';
import { parseReceipt } from '../../functions/shared/mailbox/receipt.ts';
import { createDropLink, type DropLink, type DropLinkDeps } from '../../cli/drop-link/create.ts';
import type { LinkListDeps } from '../../cli/drop-link/list.ts';
import type { DropLinkOptions } from '../../cli/drop-link/options.ts';
import type { RevokeDeps } from '../../cli/drop-link/revoke.ts';
import type { PageData } from '../../cli/drop-link/page.ts';
import { output, type World } from '../../local/world.ts';

/** What the command works with, for a world of the tests. */
export function depsIn({ s3, outputs }: World): DropLinkDeps & LinkListDeps & RevokeDeps {
  const exchangeBucket = output(outputs, 'ExchangeBucketName');
  const stateBucket = output(outputs, 'StateBucketName');
  return {
    s3,
    exchangeBucket,
    stateBucket,
    state: s3ObjectStore(s3, stateBucket),
    exchange: s3ObjectStore(s3, exchangeBucket),
    clock: systemClock,
  };
}

/** A link as a person without any account has it: nothing but what its page holds. */
export interface OpenedLink extends DropLink {
  page: PageData;
  html: string;
  /** Sends a form by hand; what is not given is as the page would do it. */
  post(slot: number, file: HandmadeFile): Promise<{ status: number; code: string | undefined }>;
  receipts(): Promise<PublicReceipts>;
}

export interface HandmadeFile {
  name?: string;
  /** Instead of the key of the slot. */
  key?: string;
  body?: string | Uint8Array<ArrayBuffer>;
  type?: string;
  /** Fields beside or instead of those that the page holds. */
  fields?: Record<string, string>;
}

/** Makes a link and opens it as its recipient does. */
export async function givenLink(
  world: World,
  options: Partial<DropLinkOptions> & { agent: string },
): Promise<OpenedLink> {
  const link = await createDropLink(depsIn(world), {
    files: 3,
    maxBytes: 1000,
    types: [],
    lifetimeMs: 3_600_000,
    ...options,
  });
  const html = await (await fetch(link.url)).text();
  const text = /<script type="application\/json" id="link">(.*)<\/script>/.exec(html)?.[1];
  const page = JSON.parse(text ?? '') as PageData;
  return {
    ...link,
    html,
    page,
    post: (slot, file) => postForm(link, page, slot, file),
    async receipts() {
      const answer = await fetch(new URL(page.receipts, link.url));
      return (await answer.json()) as PublicReceipts;
    },
  };
}

async function postForm(
  { url }: DropLink,
  page: PageData,
  slot: number,
  { name = 'report.pdf', key, body = 'content', type = 'application/pdf', fields }: HandmadeFile,
): Promise<{ status: number; code: string | undefined }> {
  const form = new FormData();
  const signed = page.forms[slot - 1] ?? {};
  const all = { ...signed, key: key ?? signed['key'] ?? '', 'Content-Type': type, ...fields };
  for (const [field, value] of Object.entries(all)) {
    form.append(
      field,
      value.replace('${filename}', () => name),
    );
  }
  form.append('file', new Blob([body]), name);
  const answer = await fetch(new URL(page.action, url), { method: 'POST', body: form });
  return {
    status: answer.status,
    code: /<Code>(\w+)<\/Code>/.exec(await answer.text())?.[1],
  };
}

/** Receipts of what was refused of a link; each lies beside the file that was put aside. */
export async function refusedOf(world: World, { id }: { id: string }): Promise<Receipt[]> {
  const keys = await world.keys('exchange', linkKeys.refused(id, ''));
  const receipts = keys.filter((key) => key.endsWith('.json'));
  const aside = receipts.filter((key) => keys.includes(key.replace(/\.json$/, '')));
  const texts = await Promise.all(aside.map((key) => world.get('exchange', key)));
  return texts.flatMap((text) => parseReceipt(String(text)) ?? []);
}
