import { ArchiveDamagedError, ArchiveLimitError, SparseMemberError } from './errors.ts';
import { permissionBits } from './format.ts';
import type { HeaderBlock } from './header-block.ts';
import type { ArchiveMember, MemberKind } from './member.ts';
import { parseRecords, type PaxRecords } from './pax.ts';

/** What a member is, without its content. */
export type MemberFacts = Omit<ArchiveMember, 'bytes' | 'body'>;

const kinds: Readonly<Record<string, MemberKind>> = {
  '0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'device',
  '4': 'device',
  '5': 'folder',
  '6': 'fifo',
};

/** Kinds of which every reader agrees that content follows. */
const withContent = new Set<MemberKind>(['file', 'other']);

/** What describes all that follows is kept to the end of the archive. */
const globalLimit = { bytes: 1 << 20, records: 1_000 };

/**
 * What precedes a member and describes it: extended headers of POSIX and long names of GNU tar.
 * Two of one type for one member are refused, so that a chain of them cannot go on for ever.
 */
export class Metadata {
  readonly #global: PaxRecords = new Map();
  #globalBytes = 0;
  #records: PaxRecords = new Map();
  #seen = '';

  /** Whether a header of this type describes members instead of being one. */
  static describes(type: string): boolean {
    return 'xgLK'.includes(type);
  }

  /** Whether a description waits for its member. */
  get pending(): boolean {
    return this.#seen !== '';
  }

  /**
   * Takes in the content of a header that describes the next member, or all that follow.
   * @throws ArchiveLimitError where there is more of the latter than anybody needs
   */
  add(type: string, content: Buffer): void {
    if (type === 'g') {
      this.#addGlobal(content);
      return;
    }
    if (this.#seen.includes(type))
      throw new ArchiveDamagedError(`one member has two extended headers of type ${type}`);
    this.#seen += type;
    if (type === 'x') parseRecords(content, this.#records);
    else this.#addLongName(type === 'L' ? 'path' : 'linkpath', content);
  }

  /** The member that a header block and the descriptions before it make; they are used up. */
  describe(block: HeaderBlock): MemberFacts {
    const records = new Map([...this.#global, ...this.#records]);
    this.#records = new Map();
    this.#seen = '';
    const path = textOf(records, 'path') ?? block.path;
    if (block.type === 'S' || [...records.keys()].some((key) => key.startsWith('GNU.sparse.')))
      throw new SparseMemberError(path);
    const link = textOf(records, 'linkpath') ?? block.link;
    const kind = kindOf(block.type, path);
    const size = sizeOf(records) ?? block.size;
    if (size > 0 && !withContent.has(kind))
      throw new ArchiveDamagedError(`${JSON.stringify(path)} is a ${kind} and claims content`);
    return {
      path: plainPath(path, kind),
      kind,
      size,
      modified: modifiedOf(records) ?? block.modified * 1000,
      mode: block.mode & permissionBits,
      ...((kind === 'symlink' || kind === 'hardlink') && { link }),
    };
  }

  #addGlobal(content: Buffer): void {
    this.#globalBytes += content.length;
    if (this.#globalBytes > globalLimit.bytes)
      throw new ArchiveLimitError(`its global headers have over ${globalLimit.bytes} bytes`);
    // A copy: what was read may be a view of a chunk that is larger.
    parseRecords(Buffer.from(content), this.#global);
    if (this.#global.size > globalLimit.records)
      throw new ArchiveLimitError(`its global headers have over ${globalLimit.records} records`);
  }

  /** A pax record of the same name goes before it, whatever their order. */
  #addLongName(keyword: string, content: Buffer): void {
    const end = content.indexOf(0);
    if (!this.#records.has(keyword))
      this.#records.set(keyword, end === -1 ? content : content.subarray(0, end));
  }
}

/** Old archives mark a folder by the slash at its end alone. */
function kindOf(type: string, path: string): MemberKind {
  const kind = kinds[type] ?? 'other';
  return kind === 'file' && path.endsWith('/') ? 'folder' : kind;
}

/** `tar -C folder .` puts `./` before every name. */
function plainPath(path: string, kind: MemberKind): string {
  const inside = path === '.' ? '' : path.replace(/^(\.\/+)+/, '');
  return kind === 'folder' ? inside.replace(/\/+$/, '') : inside;
}

/** A keyword without a value takes back what a global header said. */
function textOf(records: PaxRecords, keyword: string): string | undefined {
  const text = records.get(keyword)?.toString();
  return text === '' ? undefined : text;
}

function sizeOf(records: PaxRecords): number | undefined {
  const text = textOf(records, 'size');
  if (text === undefined) return undefined;
  const size = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(size))
    throw new ArchiveDamagedError('an extended header gives a size that is no number');
  return size;
}

/** To the millisecond, rounded down; by text, because a number has not room for nanoseconds. */
function modifiedOf(records: PaxRecords): number | undefined {
  const text = textOf(records, 'mtime');
  if (text === undefined) return undefined;
  const [, sign, seconds, fraction = ''] = /^(-?)([0-9]{1,12})(?:\.([0-9]*))?$/.exec(text) ?? [];
  if (seconds === undefined)
    throw new ArchiveDamagedError('an extended header gives a time that is no number');
  const millis = Number(seconds) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3));
  if (sign === '') return millis;
  return -(millis + (/[1-9]/.test(fraction.slice(3)) ? 1 : 0));
}
