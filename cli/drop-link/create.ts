import { randomBytes } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { epochOf, isoTime, type Clock } from '../../functions/shared/clock.ts';
import { linkKeys, linkRecordKey } from '../../functions/shared/contract/drop-links.ts';
import { slotForm } from '../../functions/shared/drop-link/policy.ts';
import { noReceipts } from '../../functions/shared/drop-link/public-receipts.ts';
import type { LinkRecord } from '../../functions/shared/drop-link/record.ts';
import type { ObjectStore } from '../../functions/shared/state/object-store.ts';
import { newRecord, type DropLinkOptions } from './options.ts';
import { dropPage } from './page.ts';

/** Where links are kept, and who signs them. */
export interface DropLinkDeps {
  /** Its credentials sign: what they may do, the link may do, as long as they live. */
  s3: S3Client;
  exchangeBucket: string;
  /** The state bucket. */
  state: ObjectStore;
  clock: Clock;
}

/** A link that was made. Whoever has `url` can use it. */
export interface DropLink extends LinkRecord {
  url: string;
  /** What the person who made it has to know. */
  warnings: string[];
}

/** How S3 sees the end of a link: whole seconds from now. */
interface Signing extends DropLinkDeps {
  seconds: number;
}

/**
 * Makes a link. What it allows is written down before anything is signed, and the page comes last: a
 * link that somebody has is one that the drain knows.
 * @throws CommandFailure where the options ask for what no link can be.
 */
export async function createDropLink(
  deps: DropLinkDeps,
  options: DropLinkOptions,
): Promise<DropLink> {
  const asked = newRecord(randomBytes(8).toString('hex'), options, deps.clock);
  const { record, warnings } = await withinCredentials(deps, asked);
  await deps.state.put(linkRecordKey(record.agent, record.id), JSON.stringify(record), {
    ifAbsent: true,
  });
  const seconds = Math.floor((epochOf(record.expiresAt) - deps.clock.now()) / 1000);
  const signing = { ...deps, seconds };
  await put(deps, linkKeys.receipts(record.id), JSON.stringify(noReceipts), 'application/json');
  const page = await pageFor(signing, record, options.label);
  await put(deps, linkKeys.page(record.id), page, 'text/html; charset=utf-8');
  return { ...record, url: await signedGet(signing, linkKeys.page(record.id)), warnings };
}

/** A signature is worth nothing once the credentials behind it have ended. */
async function withinCredentials(
  { s3 }: DropLinkDeps,
  record: LinkRecord,
): Promise<{ record: LinkRecord; warnings: string[] }> {
  const { sessionToken, expiration } = await s3.config.credentials();
  if (sessionToken === undefined) return { record, warnings: [] };
  if (expiration === undefined) {
    const warning =
      'These AWS credentials are those of a session, and when it ends the link ends with it, at ' +
      'the latest after 12 hours. For a link that lives longer use the access key of an IAM user.';
    return { record, warnings: [warning] };
  }
  if (expiration.getTime() >= epochOf(record.expiresAt)) return { record, warnings: [] };
  const expiresAt = isoTime(expiration.getTime());
  const warning =
    `The link ends at ${expiresAt} instead of ${record.expiresAt}: the AWS credentials that sign ` +
    'it live no longer. For a longer one log in again, or use the access key of an IAM user.';
  return { record: { ...record, expiresAt }, warnings: [warning] };
}

async function pageFor(
  signing: Signing,
  record: LinkRecord,
  label: string | undefined,
): Promise<string> {
  const slots = Array.from({ length: record.files }, (_, index) => index + 1);
  const forms = await Promise.all(slots.map((slot) => signedForm(signing, record, slot)));
  const receipts = new URL(await signedGet(signing, linkKeys.receipts(record.id)));
  const { id, agent, files, maxBytes, types, expiresAt } = record;
  return dropPage({
    ...{ id, agent, files, maxBytes, types, expiresAt },
    ...(label === undefined ? {} : { label }),
    // Paths, not addresses: the page speaks with the very host that it came from, and no other.
    action: new URL(forms[0]?.url ?? '').pathname,
    receipts: receipts.pathname + receipts.search,
    forms: forms.map(({ fields }) => fields),
  });
}

/** Fields and address of one slot's form. */
export async function signedForm(
  { s3, exchangeBucket, seconds }: Pick<Signing, 's3' | 'exchangeBucket' | 'seconds'>,
  record: LinkRecord,
  slot: number,
): Promise<{ url: string; fields: Record<string, string> }> {
  const { key, conditions } = slotForm(record, slot);
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- it brings another patch release of the same client along, for its type alone
  return createPresignedPost(s3, {
    Bucket: exchangeBucket,
    Key: key,
    Conditions: conditions,
    Expires: seconds,
  });
}

async function signedGet({ s3, exchangeBucket, seconds }: Signing, Key: string): Promise<string> {
  return getSignedUrl(s3, new GetObjectCommand({ Bucket: exchangeBucket, Key }), {
    expiresIn: seconds,
  });
}

async function put(
  { s3, exchangeBucket }: DropLinkDeps,
  Key: string,
  Body: string,
  ContentType: string,
): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: exchangeBucket,
      Key,
      Body,
      ContentType,
      CacheControl: 'no-store',
    }),
  );
}
