import { createHash } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { epochOf } from '../clock.ts';
import { linkKeys } from '../contract/drop-links.ts';
import { dropPrefix, quarantinePrefix, type Receipt } from '../contract/index.ts';
import { inParallel } from '../parallel.ts';
import { keyDecoder } from '../state/list-objects.ts';
import type { Drop } from './delivery.ts';
import { copyVersion } from './s3-copy.ts';
import type { Outbox, Quarantining } from './ports.ts';
import { receiptText } from './receipt.ts';

/** Where an agent's drops lie in the exchange bucket. */
export interface DropPlace {
  client: S3Client;
  bucket: string;
  agent: string;
}

/** Requests under way at once. */
const parallel = 8;

/**
 * The drops of an agent, oldest first. The bucket keeps versions, so a file that was dropped twice
 * under one name before anybody looked is two drops. What a person deleted again is none.
 */
export async function listDrops({ client, bucket, agent }: DropPlace): Promise<Drop[]> {
  const prefix = dropPrefix(agent);
  const drops: Drop[] = [];
  const retracted = new Map<string, number>();
  let page: ListObjectVersionsCommandOutput | undefined;
  do {
    page = await client.send(
      new ListObjectVersionsCommand({
        Bucket: bucket,
        Prefix: prefix,
        EncodingType: 'url',
        KeyMarker: page?.NextKeyMarker,
        VersionIdMarker: page?.NextVersionIdMarker,
      }),
    );
    collect(page, prefix, drops, retracted);
  } while (page.IsTruncated === true);
  return drops
    .filter((drop) => timeOf(drop) >= (retracted.get(drop.path) ?? -Infinity))
    .sort((a, b) => timeOf(a) - timeOf(b));
}

function collect(
  page: ListObjectVersionsCommandOutput,
  prefix: string,
  drops: Drop[],
  retracted: Map<string, number>,
): void {
  const decode = keyDecoder(page.EncodingType);
  for (const marker of page.DeleteMarkers ?? []) {
    const path = decode(marker.Key ?? '').slice(prefix.length);
    // Times are whole seconds: a version of the marker's own second may be newer than the marker, and
    // is only known to be older when the marker is the latest of all.
    const until = marker.IsLatest === true ? Infinity : (marker.LastModified?.getTime() ?? 0);
    retracted.set(path, Math.max(until, retracted.get(path) ?? -Infinity));
  }
  for (const version of page.Versions ?? []) {
    const path = decode(version.Key ?? '').slice(prefix.length);
    const isFolder = path === '' || (path.endsWith('/') && version.Size === 0);
    if (isFolder) continue;
    drops.push({
      path,
      size: version.Size ?? 0,
      version: version.VersionId ?? 'null',
      ...(version.LastModified ? { modified: version.LastModified.toISOString() } : {}),
    });
  }
}

function timeOf({ modified }: Drop): number {
  return modified === undefined ? 0 : epochOf(modified);
}

/** SHA-256 of drops, each in its version, read from where they lie; without those that are gone. */
export async function hashDrops(
  { client, bucket, agent }: DropPlace,
  drops: Drop[],
): Promise<Map<Drop, string>> {
  const hashes = new Map<Drop, string>();
  for (const drop of drops) {
    const { path, version } = drop;
    try {
      const Key = dropPrefix(agent) + path;
      const { Body } = await client.send(
        new GetObjectCommand({ Bucket: bucket, Key, VersionId: version }),
      );
      const digest = createHash('sha256');
      for await (const chunk of Body as AsyncIterable<Uint8Array>) digest.update(chunk);
      hashes.set(drop, digest.digest('hex'));
    } catch (error) {
      if (!(error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404)) {
        throw error;
      }
    }
  }
  return hashes;
}

/** One version of a drop, as the source of a copy inside S3. */
export function versionSource({ bucket, agent }: DropPlace, { path, version }: Drop): string {
  return `${bucket}/${encodeURIComponent(dropPrefix(agent) + path)}?versionId=${version}`;
}

async function putReceipt(
  client: S3Client,
  Bucket: string,
  Key: string,
  receipt: Receipt,
): Promise<void> {
  const ContentType = 'application/json';
  await client.send(new PutObjectCommand({ Bucket, Key, Body: receiptText(receipt), ContentType }));
}

/** The exchange bucket's `_outbox` of an agent. */
export function s3Outbox({ client, bucket, agent }: DropPlace): Outbox {
  const keyOf = (drop: Drop): string => dropPrefix(agent) + drop.path;
  // What strangers send beyond what a link allows goes with the link, by the same lifecycle rule.
  const place = ({ id, link }: Quarantining): string =>
    link ? linkKeys.refused(link.id, id) : quarantinePrefix(agent) + id;
  return {
    kind: 'drop',
    quarantinePlace: place,
    async quarantine(decision, receipt) {
      const target = place(decision);
      if (decision.link) await putReceipt(client, bucket, `${target}.json`, receipt);
      await copyVersion(client, {
        bucket,
        source: versionSource({ client, bucket, agent }, decision.drop),
        target,
        size: decision.drop.size,
      });
    },
    async remove(drops) {
      // By version: what was dropped under the same name since then is another version and stays.
      await inParallel(parallel, drops, (drop) =>
        client.send(
          new DeleteObjectCommand({ Bucket: bucket, Key: keyOf(drop), VersionId: drop.version }),
        ),
      );
      return [];
    },
  };
}
