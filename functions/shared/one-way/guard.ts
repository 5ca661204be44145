import type { Direction, RunReason } from '../contract/index.ts';
import type { ListedFile } from '../rclone/listing.ts';
import type { OneWayPlan } from './plan.ts';
import { nameOf, waysOf } from './sides.ts';

/**
 * What makes overwriting as harmful as deleting.
 * - `first`: these places were never in step, so what lies at the destination is not ours.
 * - `against-mode`: the mode says that the destination is the side that counts.
 */
export type Precaution = 'none' | 'first' | 'against-mode';

/** How many deletes are too many, and what somebody has confirmed. */
export interface DeleteLimits {
  /** Deletes are blocked above this share of the destination's files … */
  maxDeletePercent: number;
  /** … when they are also more than this many. */
  maxDeleteFiles: number;
  confirmDeletes: number | undefined;
  precaution: Precaution;
}

/**
 * Says why a plan must not be carried out, or `undefined` when it may. Pure: the whole plan is
 * judged before its first step.
 */
export function guardDeletes(
  plan: OneWayPlan,
  { direction, ...counts }: { direction: Direction; source: number; destination: number },
  limits: DeleteLimits,
): RunReason | undefined {
  const deletes = plan.delete.length;
  const overwrites = overwritesOf(plan, limits.precaution).length;
  const harm = deletes + overwrites;
  if (harm === 0 || (limits.confirmDeletes ?? 0) >= harm) return undefined;
  const { source, destination } = waysOf(direction);
  const from = nameOf[source];
  const to = nameOf[destination];
  const howToGoOn = `If that is what you want, run it once with "confirmDeletes": ${harm}.`;
  if (counts.source === 0) {
    return {
      code: 'empty-source',
      message:
        `The ${from} has no files to ${direction}, and the ${to} has ${counts.destination}: ` +
        `the ${direction} would delete them all. Nothing was changed. ${howToGoOn}`,
    };
  }
  const would = `would delete ${deletes} and overwrite ${overwrites} files`;
  switch (limits.precaution) {
    case 'first':
      return {
        code: `first-${direction}-deletes`,
        message:
          `The first ${direction} to this ${to} ${would} that lie there already. Nothing was ` +
          `changed. ${moveAway[direction]}, or let it be done: they are kept. ${howToGoOn}`,
      };
    case 'against-mode':
      return {
        code: 'against-mode',
        message:
          `This ${direction} goes against sync.mode, by which the ${to} is what counts: it ${would} ` +
          `there. Nothing was changed. ${howToGoOn}`,
      };
    case 'none':
      return tooMany(deletes, counts.destination, direction, limits, howToGoOn);
  }
}

/**
 * What a run replaces that is not ours. Files of equal size of which nothing is known are most
 * likely the same, and the first run keeps them in the trash; against the mode nothing is likely.
 */
export function overwritesOf(
  { update, compare, resend }: OneWayPlan,
  precaution: Precaution,
): ListedFile[] {
  switch (precaution) {
    case 'none':
      return [];
    case 'first':
      return update;
    case 'against-mode':
      return [...update, ...compare, ...resend];
  }
}

const moveAway: Record<Direction, string> = {
  push: 'Move them away, choose another remotePath',
  pull: 'Move them away, choose another localPath',
};

function tooMany(
  deletes: number,
  files: number,
  direction: Direction,
  { maxDeletePercent, maxDeleteFiles }: DeleteLimits,
  howToGoOn: string,
): RunReason | undefined {
  const percent = (deletes / files) * 100;
  if (percent <= maxDeletePercent || deletes <= maxDeleteFiles) return undefined;
  return {
    code: 'too-many-deletes',
    message:
      `The ${direction} would delete ${deletes} of ${files} files (${percent.toFixed(0)} %); ` +
      `sync.maxDeletePercent allows ${maxDeletePercent} % and sync.maxDeleteFiles ` +
      `${maxDeleteFiles} files. Nothing was changed. ${howToGoOn}`,
  };
}
