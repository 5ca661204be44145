import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryHeader, padding } from '../../../../functions/shared/snapshot/archive/index.ts';
import { anyCodePoint } from '../../../fixtures/any-code-point.ts';
import { amply, givenArchive, type GivenFile, inFolder, list, python } from './given.ts';

const oddNames = [
  'plain.txt',
  'two\nlines "quoted" \'too\'',
  ' begins and ends with spaces ',
  'percent %s %0a',
  '.hidden',
  '...',
  'back\\slash',
  'ünïcödé/文件/😀',
  'e\u0301 decomposed',
  'tab\tand\u0001control',
  'x'.repeat(100),
  'y'.repeat(101),
  `${'p'.repeat(155)}/${'n'.repeat(100)}`,
  `${'p'.repeat(156)}/${'n'.repeat(100)}`,
  `a/${'n'.repeat(99)}`,
  `long/${Array.from({ length: 20 }, () => 'd'.repeat(200)).join('/')}`,
];

/** What Python's tarfile makes of an archive: path, size, time, mode, content. */
function pythonReads(archive: Buffer): unknown {
  const script = `
import json, sys, tarfile
with tarfile.open(sys.argv[1], errors='strict') as t:
    print(json.dumps([[m.name, m.size, round(m.mtime * 1000), m.mode, t.extractfile(m).read().decode('latin1')] for m in t]))`;
  return inFolder((folder) => {
    writeFileSync(join(folder, 'a.tar'), archive);
    return python(script, join(folder, 'a.tar'));
  });
}

const anyName = fc
  .array(
    fc
      .string({ unit: anyCodePoint, minLength: 1, maxLength: 120 })
      .map((name) => name.replaceAll(/[/\0]/g, '_'))
      .filter((name) => name !== '.' && name !== '..' && name.isWellFormed()),
    { minLength: 1, maxLength: 4 },
  )
  .map((names) => names.join('/'));
const anySize = fc.constantFrom(0, 1, 511, 512, 513, 1023, 1024, 1025);
const anyFile = fc.record({
  path: anyName,
  content: anySize.map((size) => Buffer.alloc(size, 'content ')),
  modified: fc.integer({ min: -1e13, max: 4e14 }),
  mode: fc.integer({ min: 0, max: 0o777 }),
});

function expected({ path, content = '', modified = 0, mode = 0 }: GivenFile): unknown {
  return [path, content.length, modified, mode, content.toString('latin1')];
}

describe('an archive that we wrote', () => {
  it('is read by us as it was written', async () => {
    const property = fc.asyncProperty(fc.array(anyFile, { maxLength: 5 }), async (files) => {
      const members = await list(givenArchive(...files));

      const read = members.map((m) => [m.path, m.size, m.modified, m.mode, m.content]);
      expect(read).toEqual(files.map(expected));
    });
    await fc.assert(property, { numRuns: 300 });
  });

  it('is read by Python as it was written', () => {
    const property = fc.property(fc.array(anyFile, { minLength: 30, maxLength: 60 }), (files) => {
      expect(pythonReads(givenArchive(...files))).toEqual(files.map(expected));
    });
    fc.assert(property, { numRuns: 8 });
  });

  it('is unpacked by GNU tar with its names, contents, times and modes', () => {
    const names = oddNames.filter((name) => name.length < 2_000);
    const archive = givenArchive(
      ...names.map((path) => ({ path, content: `of ${path}`, modified: 1_234_567_890_123 })),
      { path: 'run', mode: 0o4755 },
    );
    inFolder((folder) => {
      execFileSync('tar', ['-xpf', '-', '-C', folder], { input: archive });

      for (const name of names) {
        expect(readFileSync(join(folder, name), 'utf8')).toBe(`of ${name}`);
        expect(statSync(join(folder, name)).mtimeMs).toBeCloseTo(1_234_567_890_123, 0);
      }
      expect(statSync(join(folder, 'run')).mode & 0o7777).toBe(0o755);
      expect(statSync(join(folder, 'plain.txt')).mode & 0o7777).toBe(0o644);
    });
  });

  it('is listed by GNU tar under its odd names, of 4 KB too', () => {
    const archive = givenArchive(...oddNames.map((path) => ({ path })));
    const listing = execFileSync('tar', ['-tf', '-', '--quoting-style=literal', '--null'], {
      input: archive,
      encoding: 'utf8',
    });

    expect(listing).toBe(oddNames.map((name) => `${name}\n`).join(''));
  });
});

describe('entryHeader', () => {
  const modified = 1_700_000_000_000;

  it.each([
    ['a plain name', { path: 'a', size: 1, modified }, 512],
    ['8 GiB less one byte', { path: 'a', size: 2 ** 33 - 1, modified }, 512],
    ['8 GiB', { path: 'a', size: 2 ** 33, modified }, 1536],
    ['a fraction of a second', { path: 'a', size: 1, modified: modified + 1 }, 1536],
    ['a time before 1970', { path: 'a', size: 1, modified: -1000 }, 1536],
    ['a name of two blocks', { path: 'é'.repeat(500), size: 1, modified }, 512 * 4],
  ])('is a ustar header, and an extended one where needed: %s', (_, entry, length) => {
    expect(entryHeader(entry)).toHaveLength(length);
  });

  it('writes sizes beyond 8 GiB so that we and Python read them', async () => {
    const size = 2 ** 40 + 3;
    const header = entryHeader({ path: 'huge', size, modified });
    const pythonSize = inFolder((folder) => {
      writeFileSync(join(folder, 'h.tar'), header);
      const script = `import sys, tarfile; print(tarfile.open(sys.argv[1]).next().size)`;
      return python(script, join(folder, 'h.tar'));
    });

    expect(pythonSize).toBe(size);
    await expect(list(header, { ...amply, memberBytes: size - 1 })).rejects.toThrow(`${size}`);
  });

  it.each(['', 'a\0b', 'folder/', 'half \ud83d'])('refuses the name %j', (path) => {
    expect(() => entryHeader({ path, size: 0, modified })).toThrow('cannot be put into an archive');
  });

  it('pads to blocks', () => {
    expect([0, 1, 511, 512, 513].map(padding)).toEqual([0, 511, 1, 0, 511]);
  });
});
