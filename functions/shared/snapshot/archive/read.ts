import { ByteReader } from './byte-reader.ts';
import { ArchiveDamagedError, ArchiveLimitError, ArchiveTruncatedError } from './errors.ts';
import { blockSize, padding } from './format.ts';
import { parseHeaderBlock } from './header-block.ts';
import type { ArchiveLimits, ArchiveMember } from './member.ts';
import { type MemberFacts, Metadata } from './metadata.ts';

/** Files up to this size come whole. */
const wholeBytes = 1 << 20;

/** What tar may add to fill its last record, which is 10 KiB unless somebody asked for more. */
const trailingBytes = 1 << 20;

const defaultHeaderBytes = 1 << 20;

/** Bytes of extended headers that an archive may have, for each member and some more. */
const descriptionBytes = { perMember: 64 << 10, moreMembers: 16 };

/**
 * The members of a tar archive (POSIX, GNU or older) that somebody else may have made, in its order.
 * The archive is read as far as members are asked for, and to its very end before the last answer,
 * so that what stands behind `bytes` can check it whole. Nothing here says that a member is safe to
 * restore: ask `createMemberGuard`.
 *
 * @throws ArchiveTruncatedError where the archive ends without its end blocks
 * @throws ArchiveDamagedError where a header is none
 * @throws ArchiveLimitError as soon as a header claims more than `limits`, before its content is read
 * @throws SparseMemberError
 */
export async function* readArchive(
  bytes: AsyncIterable<Uint8Array>,
  limits: ArchiveLimits,
): AsyncGenerator<ArchiveMember, void, void> {
  const reader = new ByteReader(bytes);
  const budget = new Budget(limits);
  const metadata = new Metadata();
  try {
    for (;;) {
      const at = reader.position;
      const header = reader.takeNow(blockSize) ?? (await reader.take(blockSize));
      if (isZero(header)) {
        await readEnd(reader, metadata, header);
        return;
      }
      if (header.length < blockSize) throw truncated(`it ends in a header, at byte ${at}`);
      const block = parseHeaderBlock(header, at);
      budget.addHeader();
      if (Metadata.describes(block.type)) {
        budget.addDescription(block.size);
        metadata.add(block.type, await readWhole(reader, block.size));
        continue;
      }
      const facts = metadata.describe(block);
      budget.addMember(facts);
      if (facts.kind === 'file' && facts.size <= wholeBytes) {
        yield wholeMember(
          facts,
          readWholeNow(reader, facts.size) ?? (await readWhole(reader, facts.size)),
        );
      } else {
        const content = new Content(reader, facts);
        yield { ...facts, body: content.pieces() };
        await content.passOver();
      }
    }
  } finally {
    await reader.close();
  }
}

/** What an archive has used of its limits. */
class Budget {
  readonly #limits: ArchiveLimits;
  #headers = 0;
  #members = 0;
  #bytes = 0;
  #descriptions = 0;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  /** A member has at most a handful of headers; more of them are only there to keep us busy. */
  addHeader(): void {
    if (++this.#headers > 4 * this.#limits.members + 4)
      throw new ArchiveLimitError(`it has over ${4 * this.#limits.members + 4} headers`);
  }

  /** Zeros pack a thousandfold: a small archive may hold gigabytes of headers, for nothing. */
  addDescription(size: number): void {
    const most = this.#limits.headerBytes ?? defaultHeaderBytes;
    if (size > most)
      throw new ArchiveLimitError(`an extended header claims ${size} bytes of at most ${most}`);
    const { perMember, moreMembers } = descriptionBytes;
    const allowed = Math.max(perMember * (this.#members + moreMembers), most);
    this.#descriptions += size;
    if (this.#descriptions > allowed)
      throw new ArchiveLimitError(
        `after ${this.#members} members, extended headers claim ${this.#descriptions} bytes of at most ${allowed}`,
      );
  }

  addMember({ path, size }: MemberFacts): void {
    const { members, memberBytes, totalBytes } = this.#limits;
    if (++this.#members > members) throw new ArchiveLimitError(`it has over ${members} members`);
    if (size > memberBytes)
      throw new ArchiveLimitError(
        `${JSON.stringify(path)} claims ${size} bytes of at most ${memberBytes}`,
      );
    this.#bytes += size;
    if (this.#bytes > totalBytes)
      throw new ArchiveLimitError(
        `with ${JSON.stringify(path)} it claims ${this.#bytes} bytes of at most ${totalBytes}`,
      );
  }
}

/** The content of one member in the stream of the archive. */
class Content {
  readonly #reader: ByteReader;
  readonly #path: string;
  readonly #padding: number;
  #missing: number;
  #taken = false;

  constructor(reader: ByteReader, { path, size }: MemberFacts) {
    this.#reader = reader;
    this.#path = path;
    this.#missing = size;
    this.#padding = padding(size);
  }

  async *pieces(): AsyncGenerator<Buffer, void, void> {
    if (this.#taken) throw new Error('The content of a member is read before the next member.');
    this.#taken = true;
    while (this.#missing > 0) {
      const piece = await this.#reader.takeSome(this.#missing);
      this.#missing -= piece.length;
      if (piece.length === 0) throw this.#truncated();
      yield piece;
    }
  }

  /** Reads what is left, and the padding behind it. */
  async passOver(): Promise<void> {
    this.#taken = true;
    const rest = this.#missing + this.#padding;
    this.#missing = 0;
    if ((await this.#reader.skip(rest)) < rest) throw this.#truncated();
  }

  #truncated(): ArchiveTruncatedError {
    return truncated(`it ends inside ${JSON.stringify(this.#path)}`);
  }
}

function wholeMember(facts: MemberFacts, bytes: Buffer): ArchiveMember {
  return { ...facts, bytes, body: once(bytes) };
}

// eslint-disable-next-line @typescript-eslint/require-await -- it is an async iterable of what is here
async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, void> {
  if (bytes.length > 0) yield bytes;
}

function readWholeNow(reader: ByteReader, size: number): Buffer | undefined {
  return reader.takeNow(size + padding(size))?.subarray(0, size);
}

async function readWhole(reader: ByteReader, size: number): Promise<Buffer> {
  const padded = size + padding(size);
  const bytes = await reader.take(padded);
  if (bytes.length < padded) throw truncated(`it ends at byte ${reader.position}, inside a member`);
  return bytes.subarray(0, size);
}

/** Two blocks of zeros, then at most zeros. */
async function readEnd(reader: ByteReader, metadata: Metadata, first: Buffer): Promise<void> {
  const missing = 2 * blockSize - first.length;
  const second = await reader.take(missing);
  if (second.length < missing) throw truncated(`it has no end mark at byte ${reader.position}`);
  if (metadata.pending) throw truncated('its last extended header has no member');
  if (!isZero(second)) throw damagedEnd(reader);
  for (let rest = 0; ;) {
    const piece = await reader.takeSome(trailingBytes);
    if (piece.length === 0) return;
    rest += piece.length;
    if (!isZero(piece) || rest > trailingBytes) throw damagedEnd(reader);
  }
}

function damagedEnd(reader: ByteReader): ArchiveDamagedError {
  return new ArchiveDamagedError(`something follows its end mark, before byte ${reader.position}`);
}

function truncated(what: string): ArchiveTruncatedError {
  return new ArchiveTruncatedError(what);
}

function isZero(bytes: Buffer): boolean {
  if (bytes.length > 0 && bytes[0] !== 0) return false;
  return bytes.every((byte) => byte === 0);
}
