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

const taken = { folder: 1, file: 2, link: 3 } as const;

/** A guard for one archive. It remembers names as digests: about 20 MB for a million members. */
export function createMemberGuard(
  { members }: Pick<ArchiveLimits, 'members'>,
  policy: GuardPolicy = {},
): MemberGuard {
  const names = new TakenNames(2 * members + 1024);
  const key = policy.names === 'exact' ? (path: string) => path : folded;
  return {
    problem(member) {
      const alone = memberProblem(member, policy);
      if (alone !== undefined || member.path === '') return alone;
      const path = key(member.path);
      if (member.kind === 'folder') return names.takeFolder(path);
      if (member.kind === 'hardlink' && names.at(key(plainLink(member.link ?? ''))) !== taken.file)
        return `it links to ${JSON.stringify(member.link)}, which is no file before it`;
      // A symbolic link must not become a folder through which later members are written.
      return names.take(path, member.kind === 'symlink' ? taken.link : taken.file);
    },
  };
}

/** By way of upper case, because file systems take the long s (U+017F) for an s too. */
function folded(path: string): string {
  return path.normalize('NFD').toUpperCase().toLowerCase().normalize('NFC');
}

/** The names that an archive has used so far, and as what. */
class TakenNames {
  readonly #table = new NameTable();
  readonly #most: number;
  /** The folder of the last member, which is mostly the next one's too. */
  #lastFolder = '';

  constructor(most: number) {
    this.#most = most;
  }

  at(path: string): number {
    return this.#table.get(path);
  }

  /** Folders may come as often as they like. */
  takeFolder(path: string): string | undefined {
    const problem = this.#takeParents(path);
    if (problem !== undefined) return problem;
    const mark = this.at(path);
    if (mark === 0) this.#set(path, taken.folder);
    return mark > taken.folder ? 'a file before it has the same name' : undefined;
  }

  take(path: string, as: number): string | undefined {
    const problem = this.#takeParents(path);
    if (problem !== undefined) return problem;
    const mark = this.at(path);
    if (mark === 0) this.#set(path, as);
    if (mark === taken.folder) return 'a folder before it has the same name';
    return mark === 0 ? undefined : 'a member before it has the same name';
  }

  #takeParents(path: string): string | undefined {
    const folder = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    if (folder === '' || folder === this.#lastFolder) return undefined;
    for (let end = folder.indexOf('/'); ; end = folder.indexOf('/', end + 1)) {
      const parent = end === -1 ? folder : folder.slice(0, end);
      const mark = this.at(parent);
      if (mark > taken.folder)
        return `${JSON.stringify(parent)} before it is no folder, and it would lie in it`;
      if (mark === 0) this.#set(parent, taken.folder);
      if (end === -1) break;
    }
    this.#lastFolder = folder;
    return undefined;
  }

  #set(path: string, mark: number): void {
    if (this.#table.size >= this.#most)
      throw new ArchiveLimitError(`its members have over ${this.#most} names and folders`);
    this.#table.set(path, mark);
  }
}
