import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { excludeMatcher, PatternError } from '../../functions/shared/rclone/filter.ts';
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

  const keptByRclone = (pattern: string): string[] =>
    execFileSync(rcloneBinary(), ['lsf', '-R', '--files-only', `--exclude=${pattern}`, folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .split('\n')
      .filter(Boolean)
      .sort();

  it.each(patterns)('%s leaves what rclone leaves', (pattern) => {
    const excluded = excludeMatcher([pattern]);

    expect(paths.filter((path) => !excluded(path)).sort()).toEqual(keptByRclone(pattern));
  });

  it.each(['***', 'a]', 'a[', '{a', 'a}', '{{a'])('%s is refused, as rclone does', (pattern) => {
    expect(() => keptByRclone(pattern)).toThrow();
    expect(() => excludeMatcher([pattern])).toThrow(PatternError);
  });
});
