import type { IncomingMessage } from 'node:http';
import { epochOf } from '../../clock.ts';
import type { SourceFacts } from './source.ts';

type Headers = IncomingMessage['headers'];

/** What the answer to a GET tells of an object; a part of it tells the size of the whole. */
export function factsOf({ headers }: Pick<IncomingMessage, 'headers'>): SourceFacts {
  const mode = modeOf(headers);
  const version = versionOf(headers);
  return {
    size: partOf(headers)?.whole ?? Number(headers['content-length']),
    modified: modifiedOf(headers),
    ...(mode === undefined ? {} : { mode }),
    ...(version === undefined ? {} : { version }),
  };
}

/** Which part of an object an answer says that it is; nothing where it begins with the first byte. */
export function partOf(headers: Headers): { from: number; whole: number } | undefined {
  const [, from, to, whole] =
    /^bytes ([1-9]\d*)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
  const isOfLength = Number(headers['content-length']) === Number(to) - Number(from) + 1;
  return isOfLength ? { from: Number(from), whole: Number(whole) } : undefined;
}

/** Whether a version is the tag of an object: only those stand in quotes. */
export function isTag(version: string): boolean {
  return /^(W\/)?"/.test(version);
}

/** Where versioning is suspended, the version `null` is one that is replaced in place. */
function versionOf(headers: Headers): string | undefined {
  const id = headers['x-amz-version-id']?.toString();
  return id === undefined || id === 'null' ? headers.etag : id;
}

/** rclone and others keep the time of the file, in seconds; else it is the time of the upload. */
function modifiedOf(headers: Headers): number {
  const kept = Number(headers['x-amz-meta-mtime'] ?? NaN);
  if (Number.isFinite(kept) && kept > 0) return Math.round(kept * 1_000);
  const uploaded = epochOf(headers['last-modified'] ?? '');
  return Number.isNaN(uploaded) ? 0 : uploaded;
}

/** Octal, such as `0644`, or with the type of a plain file, such as `100644`. */
function modeOf(headers: Headers): number | undefined {
  const bits = /^(?:0?100)?([0-7]{3,4})$/.exec(headers['x-amz-meta-mode']?.toString() ?? '')?.[1];
  return bits === undefined ? undefined : parseInt(bits, 8);
}
