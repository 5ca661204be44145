import { describe, expect, it } from 'vitest';
import { folders } from '../../../functions/shared/contract/index.ts';
import { excludeMatcher } from '../../../functions/shared/rclone/filter.ts';
import {
  rememberedExcludes,
  reservedExcludes,
  reservedFolders,
} from '../../../functions/shared/workspace/reserved.ts';

describe('the reserved folders', () => {
  it.each(reservedFolders)('%s is left out at the root, and nowhere else', (folder) => {
    const excluded = excludeMatcher(reservedExcludes(false));
    expect(excluded(`${folder}/file`)).toBe(true);
    expect(excluded(folder)).toBe(true);
    expect(excluded(`deep/${folder}/file`)).toBe(false);
  });

  it.each([false, true])(
    'leave what earlier releases remember good, though one was added (any case: %s)',
    (anyCase) => {
      const before = reservedExcludes(anyCase).slice(0, -2);
      expect(before.join()).not.toMatch(/sync/i);
      expect(rememberedExcludes([...reservedExcludes(anyCase), '*.log'])).toEqual([
        ...before,
        '*.log',
      ]);
    },
  );

  it('hold what the agent is told', () => {
    expect(reservedFolders).toContain(folders.own);
  });
});
