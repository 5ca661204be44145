import { ArchiveDamagedError } from './errors.ts';

/** The records of a pax extended header, by keyword. */
export type PaxRecords = Map<string, Buffer>;

const space = 0x20;
const equals = 0x3d;
const newline = 0x0a;

/** The records as an extended header holds them: `length keyword=value\n`. */
export function formatRecords(records: readonly (readonly [string, string])[]): Buffer {
  return Buffer.from(records.map(([keyword, value]) => formatRecord(keyword, value)).join(''));
}

/** The length counts itself, so that it may grow by a digit because it is written. */
function formatRecord(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  if (bytes + String(length).length > length) length++;
  return `${length}${rest}`;
}

/**
 * Adds the records of an extended header to `records`; a later one replaces an earlier one.
 * @throws ArchiveDamagedError where a record is not of the form that POSIX gives
 */
export function parseRecords(header: Buffer, records: PaxRecords): void {
  for (let at = 0; at < header.length;) {
    const end = at + recordLength(header, at);
    const start = header.indexOf(space, at) + 1;
    const sign = header.indexOf(equals, start);
    if (sign <= start || sign >= end || header[end - 1] !== newline) throw malformed(at);
    records.set(header.toString('utf8', start, sign), header.subarray(sign + 1, end - 1));
    at = end;
  }
}

function recordLength(header: Buffer, at: number): number {
  const digits = /^([1-9][0-9]{0,7}) /.exec(header.toString('latin1', at, at + 9))?.[1];
  const length = Number(digits);
  if (digits === undefined || at + length > header.length) throw malformed(at);
  return length;
}

function malformed(at: number): ArchiveDamagedError {
  return new ArchiveDamagedError(`an extended header has a malformed record at its byte ${at}`);
}
