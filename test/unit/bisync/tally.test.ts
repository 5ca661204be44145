import { expect, it } from 'vitest';
import type { Attempt } from '../../../functions/shared/bisync/attempt.ts';
import { createStory } from '../../../functions/shared/bisync/log.ts';
import { rememberedFile } from '../../../functions/shared/bisync/settle.ts';
import { failuresOf } from '../../../functions/shared/bisync/tally.ts';

/** An attempt that gave these up, after both sides were found with these files. */
function givenFailed(files: string[], failed: string[]): Attempt {
  const { story } = createStory();
  story.applying = true;
  const file = (path: string) =>
    [path, rememberedFile({ path, size: 1, modified: '2026-01-01T00:00:00Z' })] as const;
  const errors = failed.map((path) => ({ path, message: 'Failed to copy: no' }));
  const account = { copied: [], deleted: [], moved: [], errors, retries: 0 };
  const sides = { workspace: new Map(files.map(file)), cloud: new Map() };
  return {
    result: { outcome: 'retryable', exitCode: 1, stdout: '', account },
    story,
    found: sides,
    after: { pair: '', sides },
  };
}

it('says which files failed, also one that is called like a step of bisync', () => {
  const attempt = givenFailed(['march', 'a.txt'], ['march', 'copy1to2', 'a.txt']);

  expect(failuresOf(attempt).map(({ path }) => path)).toEqual(['march', 'a.txt']);
});
