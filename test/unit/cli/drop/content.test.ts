import { appendFileSync, mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { steadyContent } from '../../../../cli/drop/content.ts';

it('gives the bytes of a file', async () => {
  const from = givenFile('hello');
  expect((await readAll(from, 5)).toString()).toBe('hello');
});

it('gives nothing of an empty one', async () => {
  expect(await readAll(givenFile(''), 0)).toHaveLength(0);
});

it.each([
  [
    'grows',
    (from: string) => {
      appendFileSync(from, 'more');
    },
  ],
  [
    'shrinks',
    (from: string) => {
      truncateSync(from, 1);
    },
  ],
  [
    'is emptied',
    (from: string) => {
      truncateSync(from, 0);
    },
  ],
])('ends with an error where the file %s while it is read', async (_what, change) => {
  const from = givenFile('x'.repeat(500_000));
  await expect(
    readAll(from, 500_000, () => {
      change(from);
    }),
  ).rejects.toMatchObject({
    code: 'changed-while-read',
  });
});

it('ends with an error where the file is another one than was looked at', async () => {
  await expect(readAll(givenFile(''), 5)).rejects.toMatchObject({ code: 'changed-while-read' });
});

function givenFile(text: string): string {
  const from = join(mkdtempSync(join(tmpdir(), 'drop-')), 'file');
  writeFileSync(from, text);
  return from;
}

async function readAll(from: string, size: number, afterFirst?: () => void): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of steadyContent({ from, path: 'file', size })) {
    if (chunks.length === 0) afterFirst?.();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
