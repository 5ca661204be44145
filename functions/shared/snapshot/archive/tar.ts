import { UnarchivableNameError } from './errors.ts';
import {
  blockSize,
  checksumOf,
  type Field,
  fields,
  padding,
  permissionBits,
  posixMagic,
} from './format.ts';
import { formatRecords } from './pax.ts';

export { padding } from './format.ts';

/** A file that is about to be written into an archive. */
export interface ArchiveEntry {
  /** With `/` between names: any name that a file system or S3 may hold. */
  path: string;
  /** Bytes of content that will follow. */
  size: number;
  /** Milliseconds since the epoch; kept to the whole millisecond, rounded down. */
  modified: number;
  /** Permission bits, 0644 by default. Setuid, setgid and sticky are never written. */
  mode?: number;
}

/** What ends an archive: two blocks of zeros. */
export const endOfArchive: Buffer = Buffer.alloc(2 * blockSize);

const defaultMode = 0o644;
const largestOctal = 0o77777777777;

/** Printable ASCII, which every reader of the ustar header reads as the same. */
const plainName = /^[\x20-\x7e]*$/;

/**
 * The header of a file in a POSIX archive: a ustar block, and before it a pax extended header where
 * ustar cannot hold the path, the size or the time. The content follows, then {@link padding}.
 * @throws UnarchivableNameError where the path is empty, ends in `/`, holds NUL or is no Unicode text
 */
export function entryHeader(entry: ArchiveEntry): Buffer {
  refuseUnarchivable(entry.path);
  const millis = Number.isFinite(entry.modified) ? Math.floor(entry.modified) : 0;
  const name = ustarName(entry.path);
  const records: [string, string][] = [];
  if (name === undefined) records.push(['path', entry.path]);
  if (entry.size > largestOctal) records.push(['size', String(entry.size)]);
  if (!isUstarTime(millis)) records.push(['mtime', decimalSeconds(millis)]);
  const block = {
    ...(name ?? fallbackName(entry.path)),
    type: '0',
    mode: (entry.mode ?? defaultMode) & permissionBits,
    size: entry.size > largestOctal ? 0 : entry.size,
    modified: Math.min(Math.max(Math.floor(millis / 1000), 0), largestOctal),
  };
  return records.length === 0 ? headerBlock(block) : extendedHeader(block, records);
}

function refuseUnarchivable(path: string): void {
  if (path === '') throw new UnarchivableNameError(path, 'the name is empty');
  if (path.includes('\0')) throw new UnarchivableNameError(path, 'the name holds a NUL');
  if (path.endsWith('/'))
    throw new UnarchivableNameError(path, 'it ends in a slash, and would be read as a folder');
  if (!path.isWellFormed())
    throw new UnarchivableNameError(path, 'the name is not valid Unicode text');
}

interface UstarBlock {
  name: string;
  prefix: string;
  type: string;
  mode: number;
  size: number;
  modified: number;
}

function extendedHeader(block: UstarBlock, records: readonly [string, string][]): Buffer {
  const body = formatRecords(records);
  const header = { ...block, name: 'PaxHeaders/file', prefix: '', type: 'x', size: body.length };
  return Buffer.concat([
    headerBlock({ ...header, mode: defaultMode }),
    body,
    Buffer.alloc(padding(body.length)),
    headerBlock(block),
  ]);
}

/** The path as ustar holds it, whole or cut at a slash; undefined where it cannot. */
function ustarName(path: string): { name: string; prefix: string } | undefined {
  if (!plainName.test(path)) return undefined;
  if (path.length <= fields.name.length) return { name: path, prefix: '' };
  const cut = path.indexOf('/', path.length - fields.name.length - 1);
  if (cut <= 0 || cut > fields.prefix.length) return undefined;
  return { name: path.slice(cut + 1), prefix: path.slice(0, cut) };
}

/** What a reader that ignores the extended header may call the file. */
function fallbackName(path: string): { name: string; prefix: string } {
  const base = path.slice(path.lastIndexOf('/') + 1);
  const name = base.replaceAll(/[^\x20-\x7e]/g, '_').slice(-fields.name.length);
  return { name, prefix: '' };
}

function isUstarTime(millis: number): boolean {
  return millis >= 0 && millis % 1000 === 0 && millis / 1000 <= largestOctal;
}

function decimalSeconds(millis: number): string {
  const size = Math.abs(millis);
  const fraction = String(size % 1000).padStart(3, '0');
  return `${millis < 0 ? '-' : ''}${Math.floor(size / 1000)}.${fraction}`;
}

function headerBlock({ name, prefix, type, mode, size, modified }: UstarBlock): Buffer {
  const header = Buffer.alloc(blockSize);
  header.write(name, fields.name.offset, 'latin1');
  header.write(prefix, fields.prefix.offset, 'latin1');
  writeOctal(header, fields.mode, mode);
  writeOctal(header, fields.owner, 0);
  writeOctal(header, fields.group, 0);
  writeOctal(header, fields.size, size);
  writeOctal(header, fields.modified, modified);
  header.write(type, fields.type.offset, 'latin1');
  header.write(posixMagic, fields.magic.offset, 'latin1');
  writeOctal(header, fields.deviceMajor, 0);
  writeOctal(header, fields.deviceMinor, 0);
  writeOctal(header, fields.checksum, checksumOf(header));
  return header;
}

/** Digits up to the last byte of the field, which stays NUL. */
function writeOctal(header: Buffer, { offset, length }: Field, value: number): void {
  header.write(value.toString(8).padStart(length - 1, '0'), offset, 'latin1');
}
