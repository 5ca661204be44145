/** A tar archive is a sequence of blocks of this many bytes. */
export const blockSize = 512;

/** A field of a header block. */
export interface Field {
  offset: number;
  length: number;
}

/** Where the fields of a POSIX (ustar) header block lie. */
export const fields = {
  name: { offset: 0, length: 100 },
  mode: { offset: 100, length: 8 },
  owner: { offset: 108, length: 8 },
  group: { offset: 116, length: 8 },
  size: { offset: 124, length: 12 },
  modified: { offset: 136, length: 12 },
  checksum: { offset: 148, length: 8 },
  type: { offset: 156, length: 1 },
  link: { offset: 157, length: 100 },
  magic: { offset: 257, length: 8 },
  deviceMajor: { offset: 329, length: 8 },
  deviceMinor: { offset: 337, length: 8 },
  prefix: { offset: 345, length: 155 },
} as const satisfies Record<string, Field>;

/** The magic and version of POSIX; GNU tar's own is `ustar  \0`, older archives have none. */
export const posixMagic = 'ustar\x0000';

/** The bits of a mode that an archive may carry: never setuid, setgid or sticky. */
export const permissionBits = 0o777;

/** Bytes from the end of a content of `size` bytes to the next block. */
export function padding(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

/** The sum of a header block's bytes, with its own field counted as spaces. */
export function checksumOf(header: Uint8Array): number {
  const { offset, length } = fields.checksum;
  let sum = length * 0x20;
  for (let at = 0; at < offset; at++) sum += header[at] ?? 0;
  for (let at = offset + length; at < blockSize; at++) sum += header[at] ?? 0;
  return sum;
}
