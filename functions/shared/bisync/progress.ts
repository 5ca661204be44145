import type { Amount, Side } from '../contract/index.ts';
import type { RcloneLine } from '../rclone/account.ts';
import { copyWatch } from '../rclone/copied.ts';
import type { ProgressMeter } from '../runtime/progress.ts';
import type { RememberedSide } from './listing.ts';
import type { BisyncStory } from './log.ts';
import { planOf } from './plan.ts';

/**
 * Says each file as bisync has copied it; and, once it begins to change anything, how many there will
 * be: bisync has written down by then what it found on both sides.
 * @returns what has to see each line of the log, after the story has
 */
export function bisyncProgress(
  progress: ProgressMeter,
  story: BisyncStory,
  found: () => Promise<Record<Side, RememberedSide>>,
): (line: RcloneLine) => void {
  progress.doing('comparing both sides');
  const copied = copyWatch(({ size }) => {
    progress.done({ files: 1, bytes: size });
  });
  let hasBegun = false;
  return (line) => {
    copied(line);
    if (hasBegun || !story.applying) return;
    hasBegun = true;
    progress.doing('copying to both sides');
    void found().then(
      (sides) => {
        progress.left(copiesOf(story, sides));
      },
      () => undefined,
    );
  };
}

function copiesOf(story: BisyncStory, sides: Record<Side, RememberedSide>): Amount {
  const { copy, update, conflict } = planOf(story, sides).totals;
  return {
    files: copy.files + update.files + conflict.files,
    bytes: copy.bytes + update.bytes + conflict.bytes,
  };
}
