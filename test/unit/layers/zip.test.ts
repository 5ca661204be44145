import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listZip, readZipEntry, writeZip } from '../../../layers/rclone/zip.mjs';
import { folderOfTest } from '../../fixtures/temporary-folder.ts';

const entries = [
  { name: 'b.txt', data: Buffer.from('plain text, plain text, plain text') },
  { name: 'bin/tool', data: Buffer.from([0, 1, 2, 255]), mode: 0o755 },
  { name: 'empty', data: Buffer.alloc(0) },
];

/** What Python, a reader that is not ours, makes of an archive. */
function pythonListing(archive: Buffer): unknown {
  const file = join(folderOfTest('zip-test'), 'a.zip');
  const script = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    print(json.dumps([[i.filename, oct(i.external_attr >> 16), i.date_time[0], i.file_size] for i in z.infolist()]))`;
  writeFileSync(file, archive);
  return JSON.parse(execFileSync('python3', ['-c', script, file], { encoding: 'utf8' }));
}

describe('writeZip', () => {
  it('gives the same bytes whatever the order of the entries', () => {
    const forwards = writeZip(entries);
    const backwards = writeZip([...entries].reverse());

    expect(forwards.equals(backwards)).toBe(true);
  });

  it('writes names, modes and a fixed time that another reader understands', () => {
    expect(pythonListing(writeZip(entries))).toEqual([
      ['b.txt', '0o100644', 1980, 34],
      ['bin/tool', '0o100755', 1980, 4],
      ['empty', '0o100644', 1980, 0],
    ]);
  });
});

describe('readZipEntry', () => {
  it('reads back what was written', () => {
    const content = fc.dictionary(fc.string({ minLength: 1 }), fc.uint8Array({ maxLength: 2_000 }));
    fc.assert(
      fc.property(content, (files) => {
        const given = Object.entries(files).map(([name, data]) => ({
          name,
          data: Buffer.from(data),
        }));
        const archive = writeZip(given);
        expect(listZip(archive)).toHaveLength(given.length);
        for (const { name, data } of given)
          expect(readZipEntry(archive, name).equals(data)).toBe(true);
      }),
    );
  });

  it('refuses an entry whose bytes were changed', () => {
    const archive = writeZip([{ name: 'a', data: Buffer.from('some content') }]);
    const [entry] = listZip(archive);
    const crcInDirectory = archive.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02])) + 16;
    archive.writeUInt32LE(((entry?.crc ?? 0) ^ 1) >>> 0, crcInDirectory);

    expect(() => readZipEntry(archive, 'a')).toThrow('damaged');
  });

  it('refuses an entry that is larger than it says', () => {
    const archive = writeZip([{ name: 'a', data: Buffer.alloc(10_000) }]);
    const sizeInDirectory = archive.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02])) + 24;
    archive.writeUInt32LE(10, sizeInDirectory);

    expect(() => readZipEntry(archive, 'a')).toThrow();
  });

  it('names the entry that is missing, and what is no archive at all', () => {
    expect(() => readZipEntry(writeZip(entries), 'other')).toThrow('no entry other');
    expect(() => readZipEntry(Buffer.from('<html>'), 'other')).toThrow('not a zip');
  });
});
