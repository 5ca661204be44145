import { ArchiveDamagedError } from './errors.ts';
import { checksumOf, type Field, fields, posixMagic } from './format.ts';

/** A header block as it stands, before extended headers are applied to it. */
export interface HeaderBlock {
  path: string;
  link: string;
  /** The type as one character; NUL, of the oldest archives, reads as `0`. */
  type: string;
  size: number;
  /** Seconds since the epoch. */
  modified: number;
  mode: number;
}

/**
 * Reads a header block of POSIX tar, GNU tar or the tar before them.
 * @param at - where in the archive it stands, for messages
 * @throws ArchiveDamagedError where its checksum is wrong or a number is none
 */
export function parseHeaderBlock(block: Buffer, at: number): HeaderBlock {
  if (parseNumber(block, fields.checksum, at) !== checksumOf(block))
    throw new ArchiveDamagedError(`the header at byte ${at} does not match its checksum`);
  const type = text(block, fields.type) || '0';
  return {
    path: pathOf(block),
    link: text(block, fields.link),
    type,
    size: positive(parseNumber(block, fields.size, at), at),
    modified: parseNumber(block, fields.modified, at),
    mode: parseNumber(block, fields.mode, at),
  };
}

/** Only POSIX has a prefix there: GNU tar keeps other things at the same place. */
function pathOf(block: Buffer): string {
  const name = text(block, fields.name);
  const { offset, length } = fields.magic;
  if (block.toString('latin1', offset, offset + length) !== posixMagic) return name;
  const prefix = text(block, fields.prefix);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function text(block: Buffer, { offset, length }: Field): string {
  const nul = block.indexOf(0, offset);
  const end = nul === -1 || nul > offset + length ? offset + length : nul;
  return block.toString('utf8', offset, end);
}

/** Octal digits, or where the first bit is set GNU's number of base 256. */
function parseNumber(block: Buffer, field: Field, at: number): number {
  if (((block[field.offset] ?? 0) & 0x80) !== 0) return parseBinary(block, field, at);
  const digits = /^ *([0-7]*)[ \0]*$/.exec(
    block.toString('latin1', field.offset, field.offset + field.length),
  )?.[1];
  if (digits === undefined) throw notANumber(field, at);
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

/** Two's complement of the whole field, whose first bit only marks it. */
function parseBinary(block: Buffer, { offset, length }: Field, at: number): number {
  const hex = block.toString('hex', offset, offset + length);
  const bits = BigInt(length * 8 - 1);
  const value = BigInt.asIntN(Number(bits), BigInt(`0x${hex}`));
  if (!Number.isSafeInteger(Number(value))) throw notANumber({ offset, length }, at);
  return Number(value);
}

function positive(size: number, at: number): number {
  if (size < 0) throw notANumber(fields.size, at);
  return size;
}

function notANumber({ offset }: Field, at: number): ArchiveDamagedError {
  return new ArchiveDamagedError(
    `the header at byte ${at} has no usable number in its field at offset ${offset}`,
  );
}
