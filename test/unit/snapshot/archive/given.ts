import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ArchiveEntry,
  type ArchiveLimits,
  type ArchiveMember,
  endOfArchive,
  entryHeader,
  padding,
  readArchive,
} from '../../../../functions/shared/snapshot/archive/index.ts';

export const amply: ArchiveLimits = { members: 1e6, memberBytes: 1e10, totalBytes: 1e11 };

export interface GivenFile {
  path: string;
  content?: string | Buffer;
  modified?: number;
  mode?: number;
}

/** A member as tests compare it. */
export type Listed = Omit<ArchiveMember, 'bytes' | 'body'> & { content: string };

// eslint-disable-next-line @typescript-eslint/require-await
export async function* chunksOf(bytes: Buffer, size = 64 << 10): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const item of items) seen.push(item);
  return seen;
}

/** Takes one item and wants no more. */
export async function takeOne(items: AsyncIterable<unknown>): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  await iterator.next();
  await iterator.return?.();
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await all(chunks));
}

export function givenMember(file: GivenFile): Buffer {
  const content = Buffer.from(file.content ?? '');
  const entry: ArchiveEntry = {
    path: file.path,
    size: content.length,
    modified: file.modified ?? 1_700_000_000_000,
    ...(file.mode !== undefined && { mode: file.mode }),
  };
  return Buffer.concat([entryHeader(entry), content, Buffer.alloc(padding(content.length))]);
}

export function givenArchive(...files: GivenFile[]): Buffer {
  return Buffer.concat([...files.map(givenMember), endOfArchive]);
}

/** A header that no honest writer makes: ours, with some bytes changed and the checksum put right. */
export function forged(
  file: GivenFile,
  changes: { type?: string; link?: string; name?: string; mode?: string; size?: string | Buffer },
): Buffer {
  const member = givenMember(file);
  const offsets = { type: 156, link: 157, name: 0, mode: 100, size: 124 } as const;
  for (const [field, offset] of Object.entries(offsets)) {
    const value = changes[field as keyof typeof offsets];
    if (value !== undefined) Buffer.from(value).copy(member, offset);
  }
  return resealed(member);
}

export function resealed(header: Buffer): Buffer {
  header.fill(' ', 148, 156);
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(7, '0')}\0`, 148, 'latin1');
  return header;
}

/** An extended header of any type with any content. */
export function extension(type: string, content: string | Buffer): Buffer {
  return forged({ path: 'extension', content }, { type });
}

export async function list(
  archive: Buffer | AsyncIterable<Uint8Array>,
  limits: ArchiveLimits = amply,
): Promise<Listed[]> {
  const members: Listed[] = [];
  const bytes = Buffer.isBuffer(archive) ? chunksOf(archive) : archive;
  for await (const { bytes: whole, body, ...facts } of readArchive(bytes, limits)) {
    const content = await collect(body);
    if (whole && !whole.equals(content)) throw new Error('bytes and body differ');
    members.push({ ...facts, content: content.toString('latin1') });
  }
  return members;
}

export function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'archive-test-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs Python with JSON in and out; the archive, if any, is at `sys.argv[1]`. */
export function python(script: string, ...args: string[]): unknown {
  const options = { encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  const output = execFileSync('python3', ['-c', script, ...args], options);
  return output === '' ? undefined : JSON.parse(output);
}
