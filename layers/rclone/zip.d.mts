export interface ZipFile {
  name: string;
  data: Buffer;
  /** Unix permission bits; 0644 when not given. */
  mode?: number;
}

export interface ZipEntry {
  name: string;
  mode: number;
  method: number;
  crc: number;
  packed: number;
  size: number;
  offset: number;
}

export function writeZip(entries: ZipFile[]): Buffer;
export function listZip(archive: Buffer): ZipEntry[];
export function readZipEntry(archive: Buffer, name: string): Buffer;
