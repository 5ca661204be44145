import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../../../functions/shared/snapshot/source/byte-order.ts';
import {
  InvalidRootError,
  isFolderRoot,
  mergeRoots,
  reachesBeyond,
} from '../../../../functions/shared/snapshot/source/roots.ts';

describe('the roots of a snapshot', () => {
  it.each<[string[], string[]]>([
    [[], []],
    [[''], ['']],
    [
      ['b/', 'a/'],
      ['a/', 'b/'],
    ],
    [['a/', 'a/b/', 'a/c', 'a/'], ['a/']],
    [['a/b/', ''], ['']],
    [
      ['a/', 'a', 'a-b', 'a-b/', 'a0'],
      ['a', 'a-b', 'a-b/', 'a/', 'a0'],
    ],
    [
      ['memory/', 'memory.md', 'memory/2025/'],
      ['memory.md', 'memory/'],
    ],
  ])('%j become %j', (roots, merged) => {
    expect(mergeRoots(roots)).toEqual(merged);
  });

  it.each(['/', '/etc', '../x', 'a/../b/', './', '.', 'a//b', 'a//', 'a\0b'])(
    'refuses %j',
    (root) => {
      expect(() => mergeRoots(['a', root])).toThrow(InvalidRootError);
    },
  );

  const name = fc.constantFrom('a', 'a-b', 'a0', 'b', 'ｚ', '😀');
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
  const root = fc.oneof(
    path,
    path.map((folder) => `${folder}/`),
  );

  it('list, one after the other, every file once and in the order of bytes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 40 }), fc.array(root), (files, roots) => {
        const ordered = files.toSorted(compareBytes);
        const below = (outer: string): string[] =>
          ordered.filter((file) => (isFolderRoot(outer) ? file.startsWith(outer) : file === outer));

        const listed = mergeRoots(roots).flatMap(below);

        expect(listed).toEqual(
          ordered.filter((file) => roots.some((r) => below(r).includes(file))),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('reach beyond a path exactly when they can hold a greater one', () => {
    expect(reachesBeyond('a/', 'a')).toBe(true);
    expect(reachesBeyond('a/', 'a/')).toBe(true);
    expect(reachesBeyond('a/', 'a/x/y')).toBe(true);
    expect(reachesBeyond('a/', 'a0')).toBe(false);
    expect(reachesBeyond('a/', 'a-b')).toBe(true);
    expect(reachesBeyond('', 'z')).toBe(true);
  });
});
