import { createHash, hash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Amount } from '../../contract/index.ts';
import { WorkspaceSyncError } from '../../errors.ts';
import {
  endOfArchive,
  entryHeader,
  padding,
  UnarchivableNameError,
  type ArchiveEntry,
} from '../archive/index.ts';
import type { FileEntry } from '../file-list.ts';
import {
  FileChangedError,
  FileGoneError,
  FileUnreadableError,
  SourceUnavailableError,
  type OpenFile,
  type WholeFile,
} from '../source/source.ts';
import { DatabaseWatch, isDatabase } from './databases.ts';
import type { Candidate } from './location.ts';
import type { PendingFile, Position } from './position.ts';
import type { ReadyFile } from './read-ahead.ts';
import { archivePath } from './safe-path.ts';
import type { Findings } from './findings.ts';

/** When a segment has to end. */
export interface SegmentLimits {
  /** Bytes of the archive, before compression. */
  bytes: number;
  files: number;
  /** Whether the leg's time is up. */
  timeUp: () => boolean;
}

/** What a segment turned out to hold. */
export interface PackedSegment {
  archiveBytes: number;
  entries: FileEntry[];
  /** Whether it is the last: the archive ends in it. */
  last: boolean;
}

type Flag = PendingFile['flags'][number];

/** A large file while it is being packed. */
interface Current {
  candidate: Candidate;
  entry: PendingFile;
  open: OpenFile;
  body: AsyncIterator<Buffer>;
  /** Of what this leg has packed of it. */
  hash: ReturnType<typeof createHash>;
  /** Bytes of it that earlier legs packed. */
  before: number;
  /** Read, and beyond the end of the segment. */
  rest?: Buffer;
}

/** What keeps one file out of a snapshot, and no other. */
const ofOneFile = [FileGoneError, FileChangedError, FileUnreadableError, UnarchivableNameError];

function isOfOneFile(error: unknown): boolean {
  return ofOneFile.some((kind) => error instanceof kind);
}

const zeros = Buffer.alloc(1024 * 1024);

/**
 * Turns files into one tar archive, cut into segments of bounded size. A segment may end anywhere,
 * in the middle of a file too: joined, the segments are the archive.
 *
 * One pass, and no more in memory than the window of files that are read ahead.
 */
export class Packer {
  readonly findings: Findings;
  readonly #databases: DatabaseWatch;
  readonly #packed: (amount: Partial<Amount>) => void;
  readonly #ready: AsyncIterator<ReadyFile>;
  #resume: PendingFile | undefined;
  #current: Current | undefined;
  #after: string | undefined;
  readonly #find: (path: string) => Candidate | undefined;

  constructor(
    ready: AsyncIterator<ReadyFile>,
    resume: { position: Position; candidateOf: (path: string) => Candidate | undefined },
    findings: Findings,
    packed: (amount: Partial<Amount>) => void = () => undefined,
  ) {
    this.#ready = ready;
    this.#packed = packed;
    this.#after = resume.position.after;
    this.#resume = resume.position.pending;
    this.#find = resume.candidateOf;
    this.findings = findings;
    this.#databases = new DatabaseWatch(findings, resume.position.databases);
  }

  /** How far it has come; true of the segments that are finished when it is asked between two. */
  position(): Position {
    const pending = this.#pending();
    const databases = this.#databases.recent;
    return {
      ...(this.#after === undefined ? {} : { after: this.#after }),
      ...(pending ? { pending } : {}),
      ...(databases.length > 0 ? { databases } : {}),
    };
  }

  /**
   * The bytes of the next segment. `segment` is filled in while they are read, and complete when
   * they end.
   */
  async *segment(
    number: number,
    limits: SegmentLimits,
    segment: PackedSegment,
  ): AsyncGenerator<Buffer> {
    const isFull = (): boolean =>
      segment.archiveBytes >= limits.bytes ||
      segment.entries.length >= limits.files ||
      limits.timeUp();
    const count = (bytes: Buffer): Buffer => {
      segment.archiveBytes += bytes.length;
      return bytes;
    };
    if (this.#resume) await this.#takeUp(this.#resume);
    for (;;) {
      if (this.#current) {
        for await (const bytes of this.#stream(this.#current, segment, limits)) yield count(bytes);
        if (this.#isWithinFile()) return;
      }
      if (isFull()) return;
      const next = await this.#ready.next();
      if (next.done === true) {
        segment.last = true;
        yield count(endOfArchive);
        return;
      }
      const header = await this.#begin(next.value, number, segment);
      if (header) for (const bytes of header) yield count(bytes);
    }
  }

  #isWithinFile(): boolean {
    return this.#current !== undefined;
  }

  /** Ends reading, whatever is on its way. */
  async close(): Promise<void> {
    await this.#current?.body.return?.();
    await this.#ready.return?.();
  }

  /** A small file as a whole, or the header of a large one; nothing where it cannot be read. */
  async #begin(
    { candidate, whole }: ReadyFile,
    number: number,
    segment: PackedSegment,
  ): Promise<Buffer[] | undefined> {
    const at: FileEntry['at'] = [number, segment.archiveBytes];
    try {
      const file = await unlessGrown(whole);
      if (file) return this.#packWhole(candidate, file, at, segment);
      const open = await candidate.location.source.open(candidate.entry);
      const entry: PendingFile = {
        path: archivePath(candidate.path),
        candidate: candidate.path,
        ...factsOf(open),
        at,
        offset: 0,
        parts: [],
        flags: [],
      };
      const header = headerOf(entry);
      this.#current = start(candidate, entry, open);
      return [header];
    } catch (error) {
      this.#passOver(candidate, error);
      return undefined;
    }
  }

  #packWhole(
    candidate: Candidate,
    file: WholeFile,
    at: FileEntry['at'],
    segment: PackedSegment,
  ): Buffer[] {
    const flags: Flag[] = file.changed ? ['changed'] : [];
    if (isDatabase(file.bytes)) flags.push('database');
    const { modified, mode } = file;
    const entry = {
      path: archivePath(candidate.path),
      size: file.bytes.length,
      modified,
      ...permissions(mode),
    };
    const header = headerOf(entry);
    const sha256 = hash('sha256', file.bytes);
    this.#record(candidate, { ...entry, sha256, at }, flags, segment);
    this.#packed({ files: 1, bytes: entry.size });
    return [header, file.bytes, zeros.subarray(0, padding(entry.size))];
  }

  /** Packs a large file up to its end or to that of the segment. */
  async *#stream(
    current: Current,
    segment: PackedSegment,
    limits: SegmentLimits,
  ): AsyncGenerator<Buffer> {
    const { entry } = current;
    while (entry.offset < entry.size) {
      const room = limits.bytes - segment.archiveBytes;
      if (room <= 0 || limits.timeUp()) return;
      const chunk = await this.#nextChunk(current);
      const bytes = chunk.subarray(0, Math.min(room, entry.size - entry.offset));
      if (bytes.length < chunk.length) current.rest = chunk.subarray(bytes.length);
      if (entry.offset === 0 && isDatabase(bytes)) entry.flags.push('database');
      current.hash.update(bytes);
      entry.offset += bytes.length;
      this.#packed({ bytes: bytes.length });
      yield bytes;
    }
    yield zeros.subarray(0, padding(entry.size));
    await this.#end(current, segment);
  }

  async #nextChunk(current: Current): Promise<Buffer> {
    const { entry, rest } = current;
    if (rest) {
      delete current.rest;
      return rest;
    }
    try {
      if (!entry.flags.includes('cut')) {
        const next = await current.body.next();
        if (next.done !== true) return next.value;
      }
    } catch (error) {
      if (error instanceof SourceUnavailableError) throw error;
      this.findings.note('cut', current.candidate.path, error);
    }
    // The header has promised so many bytes: the archive stays whole, and the file is marked.
    if (!entry.flags.includes('cut')) entry.flags.push('cut');
    return zeros;
  }

  async #end(current: Current, segment: PackedSegment): Promise<void> {
    const { candidate, entry, open, before } = current;
    const { path, size, modified, mode, at, offset, parts, flags } = entry;
    if (await open.changed().catch(() => true)) flags.push('changed');
    const digest = current.hash.digest('hex');
    const hashes =
      parts.length === 0
        ? { sha256: digest }
        : { parts: [...parts, { bytes: offset - before, sha256: digest }] };
    const facts = { path, size, modified, ...(mode === undefined ? {} : { mode }) };
    this.#record(candidate, { ...facts, ...hashes, at }, flags, segment);
    this.#packed({ files: 1 });
    this.#current = undefined;
  }

  #record(candidate: Candidate, entry: FileEntry, flags: Flag[], segment: PackedSegment): void {
    const all = [...flags, ...this.#databases.flagsOf(candidate.path, entry.size, flags)];
    if (flags.includes('changed')) this.findings.note('changed', candidate.path);
    if (entry.path !== candidate.path) this.findings.note('renamed', candidate.path);
    segment.entries.push(all.length === 0 ? entry : { ...entry, flags: all });
    this.findings.packed(candidate.path, entry);
    this.#after = candidate.path;
  }

  /** A file that cannot be had is noted. Where the whole place fails, so does the run. */
  #passOver(candidate: Candidate, error: unknown): void {
    if (!isOfOneFile(error)) throw error;
    const gone = error instanceof FileGoneError;
    this.findings.note(gone ? 'vanished' : 'unreadable', candidate.path, error);
    this.#after = candidate.path;
  }

  /** Goes on with the file that the last leg ended in, or fills it up where it has changed. */
  async #takeUp(pending: PendingFile): Promise<void> {
    this.#resume = undefined;
    const candidate = this.#find(pending.candidate);
    const entry = { ...pending, parts: [...pending.parts], flags: [...pending.flags] };
    if (!candidate) throw new PlaceMissingError(pending.candidate);
    this.#current = start(candidate, entry, await this.#openRest(candidate, entry));
  }

  /** Nothing where the rest cannot be had: then the file is filled up, whatever is wrong with it. */
  async #openRest(candidate: Candidate, entry: PendingFile): Promise<OpenFile> {
    const nothing: OpenFile = {
      size: entry.size,
      modified: entry.modified,
      body: Readable.from([]),
      changed: () => Promise.resolve(true),
    };
    if (entry.flags.includes('cut')) return nothing;
    try {
      const from = { offset: entry.offset, version: entry.version };
      return await candidate.location.source.open(candidate.entry, from);
    } catch (error) {
      if (!isOfOneFile(error)) throw error;
      this.findings.note('cut', candidate.path, error);
      entry.flags.push('cut');
      return nothing;
    }
  }

  #pending(): PendingFile | undefined {
    if (this.#resume) return this.#resume;
    if (!this.#current) return undefined;
    const { entry, hash: digest, before } = this.#current;
    const packed = { bytes: entry.offset - before, sha256: digest.copy().digest('hex') };
    return { ...entry, parts: packed.bytes > 0 ? [...entry.parts, packed] : entry.parts };
  }
}

/** An archive has been begun with a file of a place that is no longer read: it can never be whole. */
class PlaceMissingError extends WorkspaceSyncError {
  constructor(path: string) {
    super(
      `${JSON.stringify(path)} is half packed, and the place it lies in is not read any more. Start a new snapshot.`,
      { code: 'place-missing', retryable: false },
    );
  }
}

/**
 * The list of files has the time to the millisecond. In the archive whole seconds do, as in plain
 * tar: a fraction would cost each small file an extended header of a kilobyte.
 */
function headerOf(entry: ArchiveEntry): Buffer {
  return entryHeader({ ...entry, modified: Math.floor(entry.modified / 1_000) * 1_000 });
}

/** Never setuid, setgid or sticky: no restore may set them. */
function permissions(mode: number | undefined): { mode?: number } {
  return mode === undefined ? {} : { mode: mode & 0o777 };
}

/** A file that has become too large to be held is opened instead. */
async function unlessGrown(whole: Promise<WholeFile> | undefined): Promise<WholeFile | undefined> {
  try {
    return await whole;
  } catch (error) {
    if (error instanceof FileChangedError) return undefined;
    throw error;
  }
}

function start(candidate: Candidate, entry: PendingFile, open: OpenFile): Current {
  return {
    candidate,
    entry,
    open,
    body: open.body[Symbol.asyncIterator](),
    hash: createHash('sha256'),
    before: entry.offset,
  };
}

function factsOf({ size, modified, mode, version }: OpenFile): {
  size: number;
  modified: number;
  mode?: number;
  version?: string;
} {
  return {
    size,
    modified,
    ...permissions(mode),
    ...(version === undefined ? {} : { version }),
  };
}
