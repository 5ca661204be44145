import type { ArchiveMember } from './member.ts';

/** The part of a member that decides whether it may be restored. */
export type NamedMember = Pick<ArchiveMember, 'path' | 'kind' | 'link'>;

/** Where members are to be restored to. */
export interface MemberPolicy {
  /**
   * `files` (default): a file system, where a backslash or `C:` may leave the target.
   * `objects`: a bucket, where they are letters like others and `a` may be beside `a/b`; targets that
   * are no buckets give one of the two another name.
   */
  target?: 'files' | 'objects';
}

const refusedKinds: Partial<Record<ArchiveMember['kind'], string>> = {
  device: 'it is a device',
  fifo: 'it is a named pipe',
  other: 'it is of a kind that tar archives of files do not have',
};

/**
 * Why a member must not be restored, as a clause; undefined where nothing speaks against it. It looks
 * at this member alone: what members do to each other is `createMemberGuard`'s to say.
 */
export function memberProblem(member: NamedMember, policy: MemberPolicy = {}): string | undefined {
  return refusedKinds[member.kind] ?? pathProblem(member, policy) ?? linkProblem(member, policy);
}

function pathProblem({ path, kind }: NamedMember, policy: MemberPolicy): string | undefined {
  if (path === '') return kind === 'folder' ? undefined : 'its name is empty';
  return (
    nameProblem(path, policy) ??
    path
      .split('/')
      .map(segmentProblem)
      .find((problem) => problem !== undefined)
  );
}

/** What is wrong with a path as a whole, be it a member's own or a link's. */
function nameProblem(path: string, { target = 'files' }: MemberPolicy): string | undefined {
  if (path.includes('\0')) return 'its name holds a NUL';
  if (path.startsWith('/')) return 'its path is absolute';
  if (target === 'objects') return undefined;
  if (path.includes('\\')) return 'its name holds a backslash, which some systems take for a slash';
  if (/^[A-Za-z]:/.test(path)) return 'its name begins with a drive letter';
  return undefined;
}

function segmentProblem(segment: string): string | undefined {
  if (segment === '..') return 'its path has a ".." segment';
  if (segment === '.') return 'its path has a "." segment';
  if (segment === '') return 'its path has an empty segment';
  return undefined;
}

function linkProblem(member: NamedMember, policy: MemberPolicy): string | undefined {
  const { kind, link = '' } = member;
  if (kind !== 'symlink' && kind !== 'hardlink') return undefined;
  if (link === '') return 'it links to nothing';
  const outside = `it links to ${JSON.stringify(link)}`;
  if (kind === 'hardlink') {
    const problem = pathProblem({ path: plainLink(link), kind: 'file' }, policy);
    return problem === undefined ? undefined : `${outside}: ${problem}`;
  }
  if (nameProblem(link, policy) !== undefined || climbsOut(member.path, link))
    return `${outside}, which may lie outside`;
  return undefined;
}

/** Hard links name their target as members are named, `./` and all. */
export function plainLink(link: string): string {
  return link.replace(/^(\.\/+)+/, '');
}

/**
 * Whether a symbolic link may lead above the root. `..` is followed only at its beginning, where it
 * leaves real folders: behind a name it would leave whatever another link has made of that name.
 */
function climbsOut(path: string, link: string): boolean {
  const segments = link.split('/');
  const firstName = segments.findIndex((segment) => segment !== '..');
  const climbs = firstName === -1 ? segments.length : firstName;
  return climbs > path.split('/').length - 1 || segments.slice(climbs).includes('..');
}
