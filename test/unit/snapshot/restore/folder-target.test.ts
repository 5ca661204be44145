import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderTarget } from '../../../../functions/shared/snapshot/restore/folder-target.ts';
import type { RestoredFile } from '../../../../functions/shared/snapshot/restore/target.ts';
import { folderOfTest } from '../../../fixtures/temporary-folder.ts';
import { filesIn } from '../given.ts';

/** A folder that is not there yet, and a large file that comes in pieces of odd sizes. */
function givenRestore(): { folder: string; content: Buffer; pieces: Buffer[] } {
  const base = folderOfTest('folder-target');
  const content = randomBytes(5_000_001);
  const pieces = [0, 1, 700_000, 700_000, 4_000_000].map((from, at, all) =>
    content.subarray(from, all[at + 1] ?? content.length),
  );
  return { folder: join(base, 'restored'), content, pieces };
}

const facts = { path: 'workspace/large.bin', size: 5_000_001, modified: 1_700_000_000_500 };

// eslint-disable-next-line @typescript-eslint/require-await -- a stream of what is at hand
async function* streamed(pieces: Buffer[], failure?: Error): AsyncGenerator<Buffer> {
  yield* pieces;
  if (failure) throw failure;
}

it('writes a large file in the order of its pieces, and stamps it when all of it is there', async () => {
  const { folder, content, pieces } = givenRestore();
  const target = folderTarget(folder, 'run');

  await target.write({ ...facts, mode: 0o4640, body: streamed(pieces) });
  await target.finish();

  const file = join(folder, facts.path);
  expect(readFileSync(file).equals(content)).toBe(true);
  expect(statSync(file).mtimeMs).toBe(facts.modified);
  expect(statSync(file).mode & 0o7777).toBe(0o640);
});

it('fails with the failure of a body, and leaves nothing when it is discarded', async () => {
  const { folder, pieces } = givenRestore();
  const target = folderTarget(folder, 'run');

  const writing = target.write({ ...facts, body: streamed(pieces, new Error('not as stored')) });

  await expect(writing).rejects.toThrow('not as stored');
  await target.discard();
  expect(existsSync(folder)).toBe(false);
  expect(existsSync(`${folder}.incomplete-run`)).toBe(false);
});

describe('on a file system that others write to', () => {
  /** A workspace beside that of another agent, whose files are none of ours. */
  function givenNeighbours(): { main: string; other: string } {
    const base = dirname(givenRestore().folder);
    const [main, other] = [join(base, 'main'), join(base, 'other')];
    for (const folder of [main, other]) mkdirSync(folder);
    return { main, other };
  }
  const small = (path: string): RestoredFile => {
    const bytes = Buffer.from('ours');
    return { path, size: bytes.length, modified: 0, bytes, body: streamed([bytes]) };
  };
  const linked = { code: 'restore-linked' };

  it('does not write to where a link in place of its folder of restores leads', async () => {
    const { main, other } = givenNeighbours();
    symlinkSync(other, join(main, '.restored'));
    const target = folderTarget(join(main, '.restored', 'run'), 'run');

    await expect(target.isOccupied()).rejects.toMatchObject(linked);
    await expect(target.write(small('workspace/a'))).rejects.toMatchObject(linked);
    await expect(target.finish()).rejects.toMatchObject(linked);
    expect(readdirSync(other)).toEqual([]);
  });

  it.each([
    ['that it has made', 'workspace/skills'],
    ['above one that it has made', 'workspace'],
    ['of all', ''],
  ])('does not write through a link in place of a folder %s', async (_, swapped) => {
    const { main, other } = givenNeighbours();
    mkdirSync(join(other, 'skills'));
    const target = folderTarget(join(main, '.restored', 'run'), 'run');
    await target.write(small('workspace/skills/first.md'));
    const folder = join(main, '.restored', 'run.incomplete-run', swapped);
    renameSync(folder, `${folder}.old`);
    symlinkSync(swapped === 'workspace' ? other : join(other, 'skills'), folder);
    mkdirSync(join(other, 'skills', 'workspace', 'skills'), { recursive: true });

    await expect(target.write(small('workspace/skills/a'))).rejects.toMatchObject(linked);
    await expect(target.write(small('workspace/skills/new/a'))).rejects.toMatchObject(linked);
    await expect(
      target.write({ ...facts, path: 'workspace/skills/b', body: streamed([]) }),
    ).rejects.toMatchObject(linked);
    expect(filesIn(other)).toEqual({});
  });

  it('restores behind a link that the operator has named', async () => {
    const { main, other } = givenNeighbours();
    symlinkSync(other, join(main, 'mine'));
    const target = folderTarget(join(main, 'mine', 'restored'), 'run');
    await target.write(small('workspace/a'));
    await target.finish();

    expect(Object.keys(filesIn(other))).toEqual(['restored/workspace/a']);
  });
});

it('has no part of a large file under its name, and begins it afresh in the next leg', async () => {
  const { folder, content, pieces } = givenRestore();
  const file = join(`${folder}.incomplete-run`, facts.path);
  const killed = folderTarget(folder, 'run');
  let stop = (): void => undefined;
  const never = new Promise<void>((resolve) => (stop = resolve));
  async function* breakingOff(): AsyncGenerator<Buffer> {
    yield content.subarray(0, 1_000);
    expect(existsSync(file)).toBe(false);
    expect(readdirSync(dirname(file))).toHaveLength(1);
    reached();
    await never;
  }
  let reached = (): void => undefined;
  const half = new Promise<void>((resolve) => (reached = resolve));
  const first = killed.write({ ...facts, body: breakingOff() });
  await half;

  const target = folderTarget(folder, 'run');
  await target.write({ ...facts, body: streamed(pieces) });
  expect(target.collisions).toEqual([]);
  expect(readdirSync(dirname(file))).toEqual(['large.bin']);
  expect(readFileSync(file).equals(content)).toBe(true);
  stop();
  await first.catch(() => undefined);
});

it('gives another name to a large file whose name is taken or too long', async () => {
  const { folder, content, pieces } = givenRestore();
  const target = folderTarget(folder, 'run');
  const paths = ['a', 'a/b', 'l'.repeat(300)];
  for (const path of paths) await target.write({ ...facts, path, body: streamed(pieces) });
  await target.finish();

  expect(target.collisions).toEqual(paths.slice(1));
  const files = Object.values(filesIn(folder));
  expect(files.filter((file) => file.equals(content))).toHaveLength(3);
});
