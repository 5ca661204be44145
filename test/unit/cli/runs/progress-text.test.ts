import { expect, it } from 'vitest';
import { progressText, shareDone } from '../../../../cli/runs/progress-text.ts';

it('says what is done of how much, how fast, and for how long yet', () => {
  const text = progressText({
    doing: 'sync of main: copying to the cloud folder',
    done: { files: 3, bytes: 1024 ** 2 },
    total: { files: 12, bytes: 4 * 1024 ** 2 },
    speed: { bytesPerSecond: 512 * 1024, filesPerSecond: 1.5, leftMs: 6_000 },
  });
  expect(text).toBe(
    'sync of main: copying to the cloud folder, 3 of 12 files, 1.00 MiB of 4.00 MiB, 512.0 KiB/s, 6 s left',
  );
});

it('says only what is known', () => {
  expect(progressText({ doing: 'looking', done: { files: 0, bytes: 0 } })).toBe('looking');
});

it('stays on one line whatever it is told', () => {
  expect(progressText({ doing: 'a\nb', done: { files: 0, bytes: 0 } })).toBe('a b');
});

it.each([
  [{ files: 0, bytes: 50 }, { files: 1, bytes: 100 }, 0.5],
  [{ files: 1, bytes: 0 }, { files: 4, bytes: 0 }, 0.25],
  [{ files: 9, bytes: 900 }, { files: 1, bytes: 100 }, 1],
  [{ files: 0, bytes: 0 }, { files: 0, bytes: 0 }, undefined],
  [{ files: 3, bytes: 3 }, undefined, undefined],
])('takes %j of %j for %d of it', (done, total, share) => {
  expect(shareDone({ done, ...(total ? { total } : {}) })).toBe(share);
});
