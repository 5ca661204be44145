import { ArchiveLimitError } from './errors.ts';
import { memberProblem, type MemberPolicy, type NamedMember, plainLink } from './member-problem.ts';
import type { ArchiveLimits } from './member.ts';
import { NameTable } from './name-table.ts';

/** How names are compared, besides {@link MemberPolicy}. */
export interface GuardPolicy extends MemberPolicy {
  /**
   * `folded` (default): names that differ only in case or Unicode form are one name, as on macOS and
   * Windows. `exact`: they are two, as in a bucket and on Linux.
   */
  names?: 'folded' | 'exact';
}

/** Says of each member of one archive, in its order, why it must not be restored. */
export interface MemberGuard {
  /**
   * A clause, or undefined where the member may be restored; then its name is taken.
   * @throws ArchiveLimitError where the archive has far more folders than members are allowed
   */
  problem(member: NamedMember): string | undefined;
}

/** What a name is taken as. In a bucket it may be a file and, before a slash, a folder: bits. */
const taken = { folder: 1, file: 2, link: 4 } as const;

/** A guard for one archive. It remembers names as digests: about 20 MB for a million members. */
export function createMemberGuard(
  { members }: Pick<ArchiveLimits, 'members'>,
  policy: GuardPolicy = {},
): MemberGuard {
  const names = new TakenNames(2 * members + 1024, policy.target === 'objects');
  const key = policy.names === 'exact' ? (path: string) => path : folded;
  return {
    problem(member) {
      const alone = memberProblem(member, policy);
      if (alone !== undefined || member.path === '') return alone;
      const path = key(member.path);
      if (member.kind === 'folder') return names.takeFolder(path);
      if (member.kind === 'hardlink' && !names.isFile(key(plainLink(member.link ?? ''))))
        return `it links to ${JSON.stringify(member.link)}, which is no file before it`;
      // A symbolic link must not become a folder through which later members are written.
      return member.kind === 'symlink' ? names.takeLink(path) : names.takeFile(path);
    },
  };
}

/** One form of all the names that some file system takes for one; by way of upper case, because file systems take the long s (U+017F) for an s too. */
export function folded(path: string): string {
  return path.normalize('NFD').toUpperCase().toLowerCase().normalize('NFC');
}

/** The names that are used so far, and as what. */
export class TakenNames {
  readonly #table = new NameTable();
  readonly #most: number;
  /** What may not have anything below it. */
  readonly #barrier: number;
  /** The folder of the last member, which is mostly the next one's too. */
  #lastFolder = '';

  /**
   * @param most names and folders together
   * @param asObjects a file and a folder may have one name
   */
  constructor(most: number, asObjects: boolean) {
    this.#most = most;
    this.#barrier = asObjects ? taken.link : taken.link | taken.file;
  }

  isFile(path: string): boolean {
    return (this.#table.get(path) & taken.file) !== 0;
  }

  /** Folders may come as often as they like. */
  takeFolder(path: string): string | undefined {
    const problem = this.#takeParents(path);
    if (problem !== undefined) return problem;
    const mark = this.#table.get(path);
    if ((mark & this.#barrier) !== 0) return 'a file before it has the same name';
    this.#add(path, mark, taken.folder);
    return undefined;
  }

  /** A clause that says why a file cannot have this name; undefined where it is now its own. */
  takeFile(path: string): string | undefined {
    return this.#take(path, taken.file);
  }

  takeLink(path: string): string | undefined {
    return this.#take(path, taken.link);
  }

  #take(path: string, as: number): string | undefined {
    const problem = this.#takeParents(path);
    if (problem !== undefined) return problem;
    const mark = this.#table.get(path);
    if ((mark & (taken.file | taken.link)) !== 0) return 'a member before it has the same name';
    if (mark === taken.folder && (as & this.#barrier) !== 0)
      return 'a folder before it has the same name';
    this.#add(path, mark, as);
    return undefined;
  }

  #takeParents(path: string): string | undefined {
    const folder = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    if (folder === '' || folder === this.#lastFolder) return undefined;
    for (let end = folder.indexOf('/'); ; end = folder.indexOf('/', end + 1)) {
      const parent = end === -1 ? folder : folder.slice(0, end);
      const mark = this.#table.get(parent);
      if ((mark & this.#barrier) !== 0)
        return `${JSON.stringify(parent)} before it is no folder, and it would lie in it`;
      this.#add(parent, mark, taken.folder);
      if (end === -1) break;
    }
    this.#lastFolder = folder;
    return undefined;
  }

  #add(path: string, mark: number, as: number): void {
    if ((mark & as) !== 0) return;
    if (mark === 0 && this.#table.size >= this.#most)
      throw new ArchiveLimitError(`its members have over ${this.#most} names and folders`);
    this.#table.set(path, mark | as);
  }
}
