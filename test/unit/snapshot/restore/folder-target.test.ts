import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { folderTarget } from '../../../../functions/shared/snapshot/restore/folder-target.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder that is not there yet, and a large file that comes in pieces of odd sizes. */
function givenRestore(): { folder: string; content: Buffer; pieces: Buffer[] } {
  const base = mkdtempSync(join(tmpdir(), 'folder-target-'));
  folders.push(base);
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
