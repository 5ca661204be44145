import { lstatSync, mkdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { folders } from '../../contract/index.ts';
import { WorkspaceSyncError } from '../../errors.ts';

/** A link lies where a restore writes, on a file system that others write to as well. */
export class LinkedFolderError extends WorkspaceSyncError {
  constructor(path: string) {
    super(
      `${JSON.stringify(path)} is a link or leads through one, and a restore writes to real folders alone: it might end among somebody else's files. Remove the link and restore again.`,
      { code: 'restore-linked', retryable: false },
    );
  }
}

/**
 * @throws LinkedFolderError where the folder is a link, or the folder of restores that it is in. What
 * an operator names otherwise may well lie behind a link of their own.
 */
export function expectNoLinks(folder: string): void {
  const parent = dirname(folder);
  if (isLink(folder)) throw new LinkedFolderError(folder);
  if (basename(parent) === folders.restored && isLink(parent)) throw new LinkedFolderError(parent);
}

/** Makes folders below one folder of its own, and says whether an open file lies below it. */
export class LinkFreeFolder {
  readonly #folder: string;
  readonly #made = new Set<string>();
  /** Where the folder really is, found out once: links made later do not move it. */
  #real: string | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder of a file and those above it. @throws LinkedFolderError */
  makeParent(path: string): void {
    this.#real ??= this.#begin();
    this.#make(dirname(path));
  }

  /**
   * Whatever was swapped between making the folder and opening the file: where the system can say
   * where an open file lies, one outside is removed again.
   * @throws LinkedFolderError
   */
  expectInside(file: number, path: string): void {
    if (process.platform !== 'linux') return;
    const opened = readlinkSync(`/proc/self/fd/${file}`);
    if (this.#holds(opened)) return;
    rmSync(opened, { force: true });
    throw new LinkedFolderError(path);
  }

  #begin(): string {
    expectNoLinks(this.#folder);
    const parent = dirname(this.#folder);
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    expectNoLinks(this.#folder);
    const real =
      basename(parent) === folders.restored
        ? join(realpathSync.native(dirname(parent)), folders.restored)
        : realpathSync.native(parent);
    return join(real, basename(this.#folder));
  }

  /** One by one, because making all at once would follow a link that lies between them. */
  #make(folder: string): void {
    if (this.#made.has(folder)) return;
    if (relative(this.#folder, folder) !== '') this.#make(dirname(folder));
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      if (isLink(folder)) throw new LinkedFolderError(folder);
      // A file: the caller's to handle, as the same of `mkdir -p` is.
      if (!lstatSync(folder).isDirectory()) throw error;
    }
    if (!this.#holds(realpathSync.native(folder))) throw new LinkedFolderError(folder);
    this.#made.add(folder);
  }

  #holds(path: string): boolean {
    const real = this.#real ?? '';
    return path === real || path.startsWith(real + sep);
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}
