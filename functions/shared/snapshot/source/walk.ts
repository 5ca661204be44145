import { compareBytes } from './byte-order.ts';
import { isFolderRoot, mergeRoots, reachesBeyond } from './roots.ts';

/** What a folder holds; an adapter adds what its listing tells, such as a size. */
export interface TreeEntry {
  name: string;
  isFolder: boolean;
}

/** A place that is listed folder by folder. */
export interface Tree<Entry extends TreeEntry> {
  /**
   * What lies directly in a folder, in any order: `''` is the topmost, others end in `/`.
   * `undefined` where there is no such folder, or no longer.
   */
  list(folder: string): Promise<readonly Entry[] | undefined>;
  /** Folders that are listed ahead of the walk, at every depth of it; at least 1. */
  prefetch: number;
}

/** A file that a walk has come to. */
export interface Walked<Entry> {
  path: string;
  entry: Entry;
}

/**
 * The files of a tree below the given roots whose path is greater than `after`, in the byte order of
 * their paths, each once: as S3 would list them, where a folder `a` sorts as `a/`. Folders are listed
 * as the walk comes near them, so memory grows with the largest folder and the depth alone.
 *
 * What `list` throws ends the walk.
 * @throws InvalidRootError
 */
export async function* walkTree<Entry extends TreeEntry>(
  tree: Tree<Entry>,
  roots: readonly string[] = [''],
  after = '',
): AsyncGenerator<Walked<Entry>> {
  for (const root of mergeRoots(roots)) {
    if (!isFolderRoot(root)) {
      const found = compareBytes(root, after) > 0 ? await findFile(tree, root) : undefined;
      if (found) yield found;
    } else if (reachesBeyond(root, after)) {
      yield* walkFolder(tree, root, after);
    }
  }
}

/** Looks a file up in the listing of its folder. */
export async function findFile<Entry extends TreeEntry>(
  tree: Tree<Entry>,
  path: string,
): Promise<Walked<Entry> | undefined> {
  const nameAt = path.lastIndexOf('/') + 1;
  const listed = await tree.list(path.slice(0, nameAt));
  const entry = listed?.find(({ name, isFolder }) => !isFolder && name === path.slice(nameAt));
  return entry && { path, entry };
}

async function* walkFolder<Entry extends TreeEntry>(
  tree: Tree<Entry>,
  folder: string,
  after: string,
): AsyncGenerator<Walked<Entry>> {
  const enter = async (path: string, listing: Promise<readonly Entry[] | undefined>) =>
    new Level(tree, inOrder(path, (await listing) ?? [], after));

  const levels = [await enter(folder, tree.list(folder))];
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const next = level.next();
    if (!next) levels.pop();
    else if (next.entry.isFolder) levels.push(await enter(next.path, level.listing()));
    else yield next;
  }
}

/** What of a folder is still to come, with their full paths; those of folders end in `/`. */
function inOrder<Entry extends TreeEntry>(
  folder: string,
  entries: readonly Entry[],
  after: string,
): Walked<Entry>[] {
  const sorted = entries
    .map((entry) => ({ path: `${folder}${entry.name}${entry.isFolder ? '/' : ''}`, entry }))
    .filter(({ path, entry }) =>
      entry.isFolder ? reachesBeyond(path, after) : compareBytes(path, after) > 0,
    )
    .sort((a, b) => compareBytes(a.path, b.path));
  // Some clouds hold several files of one name; only one of them can be read by it.
  return sorted.filter(({ path }, at) => path !== sorted[at - 1]?.path);
}

/** A folder that the walk is in. Its next subfolders are listed while the walk is still before them. */
class Level<Entry extends TreeEntry> {
  readonly #tree: Tree<Entry>;
  readonly #entries: readonly Walked<Entry>[];
  /** Listings under way of the subfolders that come next, in order. */
  readonly #listings: Promise<readonly Entry[] | undefined>[] = [];
  #at = 0;
  #lookedAt = 0;

  constructor(tree: Tree<Entry>, entries: readonly Walked<Entry>[]) {
    this.#tree = tree;
    this.#entries = entries;
    this.#lookAhead();
  }

  next(): Walked<Entry> | undefined {
    return this.#entries[this.#at++];
  }

  /** That of the folder which `next` gave last. */
  listing(): Promise<readonly Entry[] | undefined> {
    const listing = this.#listings.shift();
    this.#lookAhead();
    return listing ?? Promise.resolve(undefined);
  }

  #lookAhead(): void {
    while (this.#listings.length < this.#tree.prefetch) {
      const ahead = this.#entries[this.#lookedAt++];
      if (!ahead) return;
      if (!ahead.entry.isFolder) continue;
      const listing = this.#tree.list(ahead.path);
      // It is thrown when the walk comes to it; a walk that ends before has nobody to throw it to.
      listing.catch(() => undefined);
      this.#listings.push(listing);
    }
  }
}
