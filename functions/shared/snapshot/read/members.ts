import { createHash, hash, type Hash } from 'node:crypto';
import { readArchive, type ArchiveLimits, type ArchiveMember } from '../archive/index.ts';
import type { FileEntry } from '../file-list.ts';
import { SnapshotDamagedError } from './errors.ts';
import type { ArchivePosition, SnapshotReader } from './reader.ts';

/** A file of a snapshot with its content. */
export interface SnapshotFile {
  entry: FileEntry;
  /** The content of a small file, already checked. */
  bytes?: Buffer;
  /** The content as a stream; it throws at its end where it is not what the list says. */
  body: AsyncIterable<Buffer>;
}

/**
 * The files of a part of the archive, each held against its entry in the list. A file that is not
 * in the list, or not as it says, ends it with {@link SnapshotDamagedError}.
 *
 * @param from where the header of a file begins; files that begin before it are left out
 * @param to the last segment to read; files that end after it are left out
 * @param thorough reads these segments to their ends, whatever of them is of files left out
 */
export async function* snapshotFiles(
  reader: SnapshotReader,
  from: ArchivePosition = { segment: 1, offset: 0 },
  to: number = reader.last,
  thorough = false,
): AsyncGenerator<SnapshotFile> {
  const entries = entriesFrom(reader, from, to);
  const first = await entries.next();
  if (first.done === true) {
    if (thorough) await readToEnd(reader.archive(from, to));
    return;
  }
  const start = { segment: first.value.at[0], offset: first.value.at[1] };
  const archive = reader.archive(thorough ? seenFrom(reader, from.segment, start) : start, to);
  const members = readArchive(leftOpen(archive), limitsOf(reader))[Symbol.asyncIterator]();
  try {
    let next: IteratorResult<FileEntry, unknown> = first;
    for (; next.done !== true; next = await entries.next()) {
      const member = await members.next();
      if (member.done === true) throw differs(reader, next.value, 'is not in the archive');
      yield checked(reader, next.value, member.value);
    }
    await expectEnd(reader, members, to);
    if (thorough) await readToEnd(archive);
  } finally {
    await Promise.all([members.return(), archive.return(undefined), entries.return(undefined)]);
  }
}

/** The same position, counted from the beginning of an earlier segment. */
function seenFrom(
  { manifest }: SnapshotReader,
  segment: number,
  { segment: at, offset }: ArchivePosition,
): ArchivePosition {
  const between = manifest.segments.slice(segment - 1, at - 1);
  const skipped = between.reduce((sum, { archive }) => sum + archive.archiveBytes, 0);
  return { segment, offset: skipped + offset };
}

/** An archive that is not closed by who reads members from it: the rest of it is to be read, too. */
function leftOpen(archive: AsyncGenerator<Buffer>): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => ({ next: () => archive.next() }) };
}

/** Only at its end is an object known to be what was written. */
async function readToEnd(archive: AsyncGenerator<Buffer>): Promise<void> {
  while ((await archive.next()).done !== true);
}

/** The archive holds no more than the manifest says: what claims more is not ours. */
function limitsOf({ manifest }: SnapshotReader): ArchiveLimits {
  const { files, bytes } = manifest;
  return { members: files + 1, memberBytes: bytes, totalBytes: bytes };
}

async function* entriesFrom(
  reader: SnapshotReader,
  from: ArchivePosition,
  to: number,
): AsyncGenerator<FileEntry> {
  for await (const entry of reader.files(from.segment, to)) {
    const [segment, offset] = entry.at;
    if (segment > from.segment || (segment === from.segment && offset >= from.offset)) yield entry;
  }
}

/** After the last file the archive ends, and nothing hides behind it. */
async function expectEnd(
  reader: SnapshotReader,
  members: AsyncIterator<ArchiveMember, void>,
  to: number,
): Promise<void> {
  if (to !== reader.last) return;
  const more = await members.next();
  if (more.done !== true) {
    const problem = `the archive holds ${JSON.stringify(more.value.path)}, which is not in the list`;
    throw new SnapshotDamagedError(reader.id, problem);
  }
}

function checked(reader: SnapshotReader, entry: FileEntry, member: ArchiveMember): SnapshotFile {
  if (member.kind !== 'file' || member.path !== entry.path || member.size !== entry.size) {
    throw differs(reader, entry, 'is another file in the archive than in the list');
  }
  if (member.bytes && entry.sha256 !== undefined) {
    if (hash('sha256', member.bytes) !== entry.sha256) throw wrongContent(reader, entry);
    return { entry, bytes: member.bytes, body: member.body };
  }
  return { entry, body: hashed(reader, entry, member.body) };
}

/** The content; at its end, every stretch has been what the list says. */
async function* hashed(
  reader: SnapshotReader,
  entry: FileEntry,
  body: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const parts = entry.parts ?? [{ bytes: entry.size, sha256: entry.sha256 ?? '' }];
  const queue = [...parts];
  let digest: Hash = createHash('sha256');
  let room = queue[0]?.bytes ?? 0;
  const close = (): void => {
    const part = queue.shift();
    if (digest.digest('hex') !== part?.sha256) throw wrongContent(reader, entry);
    digest = createHash('sha256');
    room = queue[0]?.bytes ?? 0;
  };
  for await (const chunk of body) {
    let rest = chunk;
    while (rest.length > 0) {
      const piece = rest.subarray(0, room);
      digest.update(piece);
      room -= piece.length;
      rest = rest.subarray(piece.length);
      if (room === 0 && queue.length > 1) close();
      else if (room === 0 && rest.length > 0) throw wrongContent(reader, entry);
    }
    yield chunk;
  }
  close();
  if (queue.length > 0) throw wrongContent(reader, entry);
}

function wrongContent(reader: SnapshotReader, entry: FileEntry): SnapshotDamagedError {
  return differs(reader, entry, 'does not have the content that was stored');
}

function differs(reader: SnapshotReader, entry: FileEntry, how: string): SnapshotDamagedError {
  return new SnapshotDamagedError(reader.id, `${JSON.stringify(entry.path)} ${how}`);
}
