import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { excludeMatcher, inBothForms, PatternError } from '../../functions/shared/rclone/filter.ts';
import { rcloneBinary } from '../fixtures/rclone.ts';
import { folderOfSuite } from '../fixtures/temporary-folder.ts';

const paths = [
  'a.txt',
  'A.txt',
  'b.log',
  '.DS_Store',
  'x/.DS_Store',
  'x/y/.DS_Store',
  'node_modules/p/i.js',
  'src/node_modules/q.js',
  '.git/config',
  'x/.git/HEAD',
  'keep/.gitignore',
  'x/a.txt',
  'x/y/b.log',
  'dir/one',
  'x/dir/two',
  'dirt',
  'a[1].txt',
  'a1.txt',
  'a2.txt',
  'b^.txt',
  'a-b.txt',
  'a{b}.txt',
  'a,b.txt',
  'é.txt',
  'e\u0301.txt',
  '😀.txt',
  'sp ace.txt',
  'a+b.txt',
  'a.b.c',
  'c/d/e/f.md',
  '_inbox/x',
  'foo/_inbox/x',
];

const patterns = [
  '**/.DS_Store',
  '.DS_Store',
  '*.log',
  '/*.log',
  '.git/**',
  '/.git/**',
  'node_modules/**',
  'node_modules/',
  '/node_modules/',
  'dir/',
  '/dir/**',
  'dir',
  'a?.txt',
  '?.txt',
  '[ab]*.txt',
  '[!a]*',
  '[^a]*.txt',
  'a[0-9].txt',
  'a\\[1\\].txt',
  '{a,b}.*',
  '*.{txt,md}',
  '{{a\\d}}.txt',
  '/{{.*}}/e/*',
  'x/**',
  '/x/*',
  '**',
  '*',
  'a{1,{2,b}}.txt',
  'c/**/f.md',
  'é.txt',
  'e\u0301.txt',
  '*é.{txt,md}',
  'a+b.txt',
  'a.b.c',
  'a,b.txt',
  'a\\{b\\}.txt',
  'sp ace.txt',
  '/_inbox/**',
  '_inbox/**',
  '*/a.txt',
  '/**/a.txt',
  'b^.txt',
];

describe('rclone patterns', () => {
  const folder = folderOfSuite('filter');
  beforeAll(() => {
    for (const path of paths) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), '');
    }
  });

  const keptByRclone = (pattern: string): string[] => {
    const excludes = inBothForms([pattern]).map((form) => `--exclude=${form}`);
    return execFileSync(rcloneBinary(), ['lsf', '-R', '--files-only', ...excludes, folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .split('\n')
      .filter(Boolean)
      .sort();
  };

  it.each(patterns)('%s leaves what rclone leaves', (pattern) => {
    const excluded = excludeMatcher([pattern]);

    expect(paths.filter((path) => !excluded(path)).sort()).toEqual(keptByRclone(pattern));
  });

  it('mean a name in either form of Unicode, also where it is written in both', () => {
    const mixed = 'A\u0308rger/\u00dc/notes.txt';

    for (const form of ['NFC', 'NFD']) {
      expect(excludeMatcher(['/\u00c4rger/\u00dc/**'.normalize(form)])(mixed)).toBe(true);
      expect(excludeMatcher(['[\u00c4]rger/**'])(mixed.normalize(form))).toBe(true);
    }
    expect(excludeMatcher(['/Arger/**'])(mixed)).toBe(false);
  });

  it('keep a class as it is: in its other form it would name the letters without their dots', () => {
    expect(inBothForms(['[\u00e4\u00f6]*'])).toEqual(['[\u00e4\u00f6]*']);
  });

  it.each(['***', 'a]', 'a[', '{a', 'a}', '{{a'])('%s is refused, as rclone does', (pattern) => {
    expect(() => keptByRclone(pattern)).toThrow();
    expect(() => excludeMatcher([pattern])).toThrow(PatternError);
  });
});
