import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../../../functions/shared/snapshot/source/byte-order.ts';
import {
  walkTree,
  type Tree,
  type TreeEntry,
} from '../../../../functions/shared/snapshot/source/walk.ts';

interface GivenTree extends Tree<TreeEntry> {
  /** Folders that were listed, in the order of the calls. */
  listed: string[];
}

/** A tree that lists its folders backwards. */
function givenTree(files: readonly string[], prefetch = 2): GivenTree {
  const listed: string[] = [];
  return {
    listed,
    prefetch,
    list(folder) {
      listed.push(folder);
      const below = files.filter((file) => file.startsWith(folder));
      if (below.length === 0) return Promise.resolve(undefined);
      const names = new Map<string, TreeEntry>();
      for (const file of below) {
        const [name = '', ...rest] = file.slice(folder.length).split('/');
        const isFolder = rest.length > 0;
        names.set(`${name}${isFolder ? '/' : ''}`, { name, isFolder });
      }
      return Promise.resolve([...names.values()].reverse());
    },
  };
}

async function pathsOf(...walk: Parameters<typeof walkTree>): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of walkTree(...walk)) paths.push(path);
  return paths;
}

describe('a walk through a tree', () => {
  it('sorts a folder as its name with a slash', async () => {
    const tree = givenTree(['a0', 'a/x', 'a-b', 'a', 'a/b/c', '😀/a', 'ｚ']);

    const paths = await pathsOf(tree);

    expect(paths).toEqual(['a', 'a-b', 'a/b/c', 'a/x', 'a0', 'ｚ', '😀/a']);
  });

  it('lists only what lies beyond the last path', async () => {
    const tree = givenTree(['a/1/x', 'a/2/x', 'b/x', 'c/x']);

    expect(await pathsOf(tree, [''], 'a/2/x')).toEqual(['b/x', 'c/x']);
    expect(tree.listed).not.toContain('a/1/');
  });

  it('finds single files, and passes over roots that are not there', async () => {
    const tree = givenTree(['a/1', 'a/2', 'b', 'c/1']);

    expect(await pathsOf(tree, ['gone/', 'gone', 'a/2', 'b', 'c'])).toEqual(['a/2', 'b']);
    expect(await pathsOf(tree, ['a/2', 'b'], 'a/2')).toEqual(['b']);
  });

  it('names a file once that its folder lists twice', async () => {
    const entry = { name: 'a', isFolder: false };

    expect(await pathsOf({ prefetch: 1, list: () => Promise.resolve([entry, entry]) })).toEqual([
      'a',
    ]);
  });

  it('lists folders shortly before it comes to them, not all at once', async () => {
    const files = Array.from({ length: 50 }, (_, at) => `${at + 10}/x`);
    const tree = givenTree(files, 3);

    const walk = walkTree(tree);
    await walk.next();

    expect(tree.listed).toEqual(['', '10/', '11/', '12/', '13/']);
    await walk.return(undefined);
  });

  it('throws the failure of a listing when it comes to it', async () => {
    const tree = givenTree(['a/x', 'b/x', 'c/x'], 8);
    const list = tree.list.bind(tree);
    tree.list = (folder) =>
      folder === 'b/' ? Promise.reject(new Error('no entry')) : list(folder);

    const walk = walkTree(tree);

    expect((await walk.next()).value).toMatchObject({ path: 'a/x' });
    await expect(walk.next()).rejects.toThrow('no entry');
  });

  const name = fc.constantFrom('a', 'a-b', 'a0', 'b', 'ｚ', '😀');
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));

  it('finds every file in the order of bytes, from wherever it goes on', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(path, { maxLength: 30 }),
        fc.array(
          fc.oneof(
            path,
            path.map((folder) => `${folder}/`),
            fc.constant(''),
          ),
        ),
        path,
        fc.integer({ min: 1, max: 4 }),
        async (files, roots, after, prefetch) => {
          const expected = files
            .filter((file) =>
              roots.some((root) => file === root || (/^$|\/$/.test(root) && file.startsWith(root))),
            )
            .filter((file) => Buffer.compare(Buffer.from(file), Buffer.from(after)) > 0)
            .sort(compareBytes);

          expect(await pathsOf(givenTree(files, prefetch), roots, after)).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});
