import type { SkippedFile } from '../contract/index.ts';
import { sideNames } from './guard.ts';
import type { BisyncStory } from './log.ts';

/** Files that bisync has passed over, for the same side has another of the same name. */
export function twinsOf({ twins }: BisyncStory): SkippedFile[] {
  return [...twins].map(([path, side]) => ({
    path,
    reason:
      `${sideNames[side]} has this name twice, perhaps in two forms of Unicode, which look the same: ` +
      'bisync sees but one of the two. Rename one of them',
  }));
}
