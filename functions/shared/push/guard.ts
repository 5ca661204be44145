import type { RunReason } from '../contract/index.ts';
import type { PushPlan } from './plan.ts';

/** How many deletes are too many, and what somebody has confirmed. */
export interface DeleteLimits {
  /** Deletes are blocked above this share of the cloud folder's files … */
  maxDeletePercent: number;
  /** … when they are also more than this many. */
  maxDeleteFiles: number;
  confirmDeletes: number | undefined;
  /** Nothing was ever pushed to this place: what lies there is not ours. */
  firstPush: boolean;
}

/**
 * Says why a push must not be carried out, or `undefined` when it may. Pure: the whole plan is
 * judged before its first step.
 */
export function guardDeletes(
  plan: PushPlan,
  counts: { source: number; destination: number },
  limits: DeleteLimits,
): RunReason | undefined {
  const deletes = plan.delete.length;
  const overwrites = limits.firstPush ? plan.update.length : 0;
  const harm = deletes + overwrites;
  if (harm === 0 || (limits.confirmDeletes ?? 0) >= harm) return undefined;
  const howToGoOn = `If that is what you want, run it once with "confirmDeletes": ${harm}.`;
  if (counts.source === 0) {
    return {
      code: 'empty-source',
      message:
        `The workspace has no files to push, and the cloud folder has ${counts.destination}: ` +
        `pushing would delete them all. Nothing was changed. ${howToGoOn}`,
    };
  }
  if (limits.firstPush) {
    return {
      code: 'first-push-deletes',
      message:
        `The first push to this cloud folder would delete ${deletes} and overwrite ${overwrites} ` +
        'files that lie there already. ' +
        `Nothing was changed. Move them away, choose another remotePath, or let it be done: they are kept in the trash. ${howToGoOn}`,
    };
  }
  const percent = (deletes / counts.destination) * 100;
  if (percent > limits.maxDeletePercent && deletes > limits.maxDeleteFiles) {
    return {
      code: 'too-many-deletes',
      message:
        `The push would delete ${deletes} of ${counts.destination} files (${percent.toFixed(0)} %); ` +
        `sync.maxDeletePercent allows ${limits.maxDeletePercent} % and sync.maxDeleteFiles ` +
        `${limits.maxDeleteFiles} files. Nothing was changed. ${howToGoOn}`,
    };
  }
  return undefined;
}
