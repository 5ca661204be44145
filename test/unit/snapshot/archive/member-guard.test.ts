import { describe, expect, it } from 'vitest';
import {
  createMemberGuard,
  type GuardPolicy,
  memberProblem,
  type NamedMember,
  readArchive,
} from '../../../../functions/shared/snapshot/archive/index.ts';
import { amply, chunksOf, forged } from './given.ts';

function member(path: string, kind: NamedMember['kind'] = 'file', link?: string): NamedMember {
  return { path, kind, ...(link !== undefined && { link }) };
}

/** Why the last of some members must not be restored; those before it must be fine. */
function lastProblem(members: NamedMember[], policy?: GuardPolicy): string | undefined {
  const guard = createMemberGuard({ members: 100 }, policy);
  const problems = members.map((each) => guard.problem(each));
  expect(problems.slice(0, -1).filter((problem) => problem !== undefined)).toEqual([]);
  return problems.at(-1);
}

describe('a member by itself', () => {
  it.each([
    ['/etc/passwd', 'absolute'],
    ['../outside', '".."'],
    ['a/../../outside', '".."'],
    ['a/..', '".."'],
    ['a/./b', '"."'],
    ['a//b', 'empty segment'],
    ['', 'empty'],
    ['a\0b', 'NUL'],
    ['..\\outside', 'backslash'],
    ['C:windows', 'drive letter'],
  ])('is refused by its path %j', (path, why) => {
    expect(memberProblem(member(path))).toContain(why);
  });

  it.each(['device', 'fifo', 'other'] as const)('is refused as a %s', (kind) => {
    expect(memberProblem(member('a', kind))).toBeDefined();
  });

  it.each([
    ['a', '/etc'],
    ['a', '..'],
    ['a', '../b'],
    ['d/a', '../../b'],
    ['d/a', 'x/../../b'],
    ['d/a', 'x/..'],
    ['a', ''],
    ['a', 'C:\\windows'],
  ])('is refused as a symbolic link %j to %j', (path, link) => {
    expect(memberProblem(member(path, 'symlink', link))).toContain('it links to');
  });

  it.each([
    ['a', 'b'],
    ['d/a', '../b'],
    ['d/e/a', '../../b/c'],
    ['d/a', '..'],
  ])('may be a symbolic link %j to %j', (path, link) => {
    expect(memberProblem(member(path, 'symlink', link))).toBeUndefined();
  });

  it.each(['/etc/passwd', '../a', 'x/../../a', ''])('is refused as a hard link to %j', (link) => {
    expect(memberProblem(member('a', 'hardlink', link))).toContain('it links to');
  });

  it.each(['a', '.hidden', '...', 'a/..b', 'new\nline', 'ü', ' ', 'ab:c', '%2e%2e'])(
    'may be called %j',
    (path) => {
      expect(memberProblem(member(path))).toBeUndefined();
    },
  );

  it('may have a backslash in a bucket, and be the root folder', () => {
    expect(memberProblem(member('a\\b'), { target: 'objects' })).toBeUndefined();
    expect(memberProblem(member('', 'folder'))).toBeUndefined();
  });

  it.each([
    ['3', 'device'],
    ['4', 'device'],
    ['6', 'fifo'],
    ['V', 'other'],
    ['M', 'other'],
  ])('is recognised in an archive by its type %s', async (type, kind) => {
    const members = readArchive(chunksOf(forged({ path: 'a' }, { type })), amply);
    const { value } = await members.next();

    expect(value).toMatchObject({ kind });
  });

  it('loses setuid, setgid and sticky', async () => {
    const archive = forged({ path: 'a' }, { mode: '0007755\0' });
    const { value } = await readArchive(chunksOf(archive), amply).next();

    expect(value).toMatchObject({ mode: 0o755 });
  });
});

describe('members together', () => {
  it.each([
    ['the same name', 'a/b', 'a/b'],
    ['a name of another case', 'README.md', 'readme.MD'],
    ['a folder of another case', 'Docs/a', 'docs/A'],
    ['a name of another Unicode form', 'caf\u00e9', 'cafe\u0301'],
    ['a long s', 's', '\u017f'],
  ])('are refused with %s', (_, first, second) => {
    expect(lastProblem([member(first), member(second)])).toContain('the same name');
  });

  it('may differ by case where the target tells them apart', () => {
    const names = [member('README.md'), member('readme.md')];
    expect(lastProblem(names, { names: 'exact' })).toBeUndefined();
  });

  it.each([
    ['a file', member('a')],
    ['a symbolic link', member('a', 'symlink', 'b')],
  ])('are refused when %s becomes a folder', (_, first) => {
    expect(lastProblem([first, member('A/x')])).toContain('is no folder');
    expect(lastProblem([first, member('a/x/y')])).toContain('is no folder');
    expect(lastProblem([first, member('a', 'folder')])).toContain('the same name');
  });

  it('are refused when a folder becomes a file or a link', () => {
    expect(lastProblem([member('a/x'), member('a')])).toContain('a folder before it');
    expect(lastProblem([member('a/x/y'), member('a', 'symlink', 'b')])).toContain('a folder');
    expect(lastProblem([member('a', 'folder'), member('a')])).toContain('a folder before it');
  });

  it.each([
    ['a file before what lies below it', ['a', 'a/b', 'a/c/d']],
    ['a file after what lies below it', ['a/b', 'a', 'a/c']],
  ])('may in a bucket be %s', (_, names) => {
    const files = names.map((name) => member(name));
    expect(lastProblem(files, { target: 'objects', names: 'exact' })).toBeUndefined();
    expect(lastProblem([...files, member('a')], { target: 'objects' })).toContain('a member');
  });

  it('may not lie below a link, nor be one and a folder, in a bucket either', () => {
    const link = member('a', 'symlink', 'b');
    expect(lastProblem([link, member('a/x')], { target: 'objects' })).toContain('is no folder');
    expect(lastProblem([member('a/x'), link], { target: 'objects' })).toContain('a folder');
  });

  it('may come back to a folder', () => {
    const folder = member('a', 'folder');
    expect(lastProblem([folder, member('a/x'), member('b/x'), folder, member('a/y')])).toBe(
      undefined,
    );
  });

  it('may link to a file before them, and to nothing else', () => {
    const link = member('l', 'hardlink', './a');
    expect(lastProblem([member('a'), link])).toBeUndefined();
    expect(lastProblem([link])).toContain('no file before it');
    expect(lastProblem([member('a', 'symlink', 'b'), link])).toContain('no file before it');
  });

  it('are limited with all the folders that they imply', () => {
    const guard = createMemberGuard({ members: 10 });
    const deep = Array.from({ length: 2_000 }, (_, index) => `${index}`).join('/');

    expect(() => guard.problem(member(deep))).toThrow('names and folders');
  });

  it('are remembered by the hundred thousand', () => {
    const guard = createMemberGuard({ members: 200_000 });
    const names = Array.from({ length: 200_000 }, (_, i) => member(`folder ${i % 100}/${i}`));

    expect(names.filter((name) => guard.problem(name) !== undefined)).toEqual([]);
    expect(guard.problem(member('folder 7/107'))).toContain('the same name');
    expect(guard.problem(member('folder 7/108'))).toBeUndefined();
  });
});
