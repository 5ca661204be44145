/**
 * Just enough of the zip format: one known entry out of an archive, and archives whose bytes depend
 * on nothing but their entries. No zip64, no encryption, at most 4 GiB.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

const signature = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 };
const endLength = 22;
/** 1980-01-01 00:00, the first moment that a zip can name, in its own encoding. */
const epoch = { time: 0, date: 0x0021 };

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

/** CRC-32 as zip wants it. */
function crc32(data) {
  let crc = 0xffffffff;
  for (let i = 0; i < data.length; i++) crc = crcTable[(crc ^ data[i]) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** An archive of these entries, sorted by name, with fixed times and the Unix modes given. */
export function writeZip(entries) {
  const local = [];
  const central = [];
  let offset = 0;
  for (const entry of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = Buffer.from(entry.name);
    const packed = deflateRawSync(entry.data, { level: 6 });
    const shared = sharedHeader(name, entry.data, packed);
    local.push(bytes32(signature.local), shared, name, packed);
    central.push(centralHeader(shared, entry.mode ?? 0o644, offset), name);
    offset += 4 + shared.length + name.length + packed.length;
  }
  const directory = Buffer.concat(central);
  return Buffer.concat([...local, directory, endRecord(entries.length, directory.length, offset)]);
}

function bytes32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** The 26 bytes that stand in the local and in the central header. */
function sharedHeader(name, data, packed) {
  const header = Buffer.alloc(26);
  header.writeUInt16LE(20, 0); // version needed: 2.0
  header.writeUInt16LE(0x0800, 2); // names are UTF-8
  header.writeUInt16LE(8, 4); // deflate
  header.writeUInt16LE(epoch.time, 6);
  header.writeUInt16LE(epoch.date, 8);
  header.writeUInt32LE(crc32(data), 10);
  header.writeUInt32LE(packed.length, 14);
  header.writeUInt32LE(data.length, 18);
  header.writeUInt16LE(name.length, 22);
  return header;
}

function centralHeader(shared, mode, offset) {
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(((0o100000 | mode) << 16) >>> 0, 6);
  tail.writeUInt32LE(offset, 10);
  // Made by: Unix, version 2.0. Without it readers take the mode for something else.
  return Buffer.concat([bytes32(signature.central), Buffer.from([20, 3]), shared, tail]);
}

function endRecord(count, length, offset) {
  const record = Buffer.alloc(endLength);
  record.writeUInt32LE(signature.end, 0);
  record.writeUInt16LE(count, 8);
  record.writeUInt16LE(count, 10);
  record.writeUInt32LE(length, 12);
  record.writeUInt32LE(offset, 16);
  return record;
}

/** The entries of an archive as its central directory lists them. */
export function listZip(archive) {
  const end = archive.lastIndexOf(bytes32(signature.end));
  if (end < 0) throw new Error('This is not a zip archive: it has no central directory.');
  const entries = [];
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== signature.central) throw new Error('Damaged zip directory.');
    const nameLength = archive.readUInt16LE(at + 28);
    entries.push({
      name: archive.toString('utf8', at + 46, at + 46 + nameLength),
      mode: (archive.readUInt32LE(at + 38) >>> 16) & 0o7777,
      method: archive.readUInt16LE(at + 10),
      crc: archive.readUInt32LE(at + 16),
      packed: archive.readUInt32LE(at + 20),
      size: archive.readUInt32LE(at + 24),
      offset: archive.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return entries;
}

/** The content of one entry, checked against its size and CRC. No other entry is looked at. */
export function readZipEntry(archive, name) {
  const entry = listZip(archive).find((candidate) => candidate.name === name);
  if (!entry) throw new Error(`The archive has no entry ${name}.`);
  const nameLength = archive.readUInt16LE(entry.offset + 26);
  const start = entry.offset + 30 + nameLength + archive.readUInt16LE(entry.offset + 28);
  const packed = archive.subarray(start, start + entry.packed);
  const data =
    entry.method === 0 ? packed : inflateRawSync(packed, { maxOutputLength: entry.size + 1 });
  if (data.length !== entry.size || crc32(data) !== entry.crc) {
    throw new Error(`The archive's entry ${name} is damaged.`);
  }
  return data;
}
