import type { RunReason, Side } from '../contract/index.ts';
import { nameOf } from '../one-way/sides.ts';

/** How many deletes are too many, and what somebody has confirmed. */
export interface DeleteLimits {
  /** Deletes are blocked above this share of a side's files … */
  maxDeletePercent: number;
  /** … when they are also more than this many. */
  maxDeleteFiles: number;
  confirmDeletes: number | undefined;
}

/** A side in words. */
export const sideNames: Record<Side, string> = {
  workspace: `the ${nameOf.workspace}`,
  cloud: `the ${nameOf.cloud}`,
};

/**
 * What rclone is told as `--max-delete`: a share of a side's files, in whole percent, that never lets
 * through what {@link guardDeletes} would block. It may stop what would be let through: then the plan
 * is worked out and judged.
 */
export function maxDeletePercent(files: number, limits: DeleteLimits): number {
  if (files === 0) return 0;
  const byCount = Math.floor((limits.maxDeleteFiles / files) * 100);
  return Math.min(100, Math.max(0, Math.floor(limits.maxDeletePercent), byCount));
}

/**
 * Says why a plan must not be carried out, or `undefined` when it may. Pure.
 * @param deletes how many files would go from each side.
 * @param files how many each side is known to have had.
 */
export function guardDeletes(
  deletes: Record<Side, number>,
  files: Record<Side, number>,
  limits: DeleteLimits,
): RunReason | undefined {
  const total = deletes.workspace + deletes.cloud;
  if ((limits.confirmDeletes ?? 0) >= total) return undefined;
  for (const side of ['workspace', 'cloud'] as const) {
    const percent = (deletes[side] / Math.max(files[side], 1)) * 100;
    if (percent <= limits.maxDeletePercent || deletes[side] <= limits.maxDeleteFiles) continue;
    return {
      code: 'too-many-deletes',
      message:
        `Bisync would delete ${deletes[side]} of ${files[side]} files (${percent.toFixed(0)} %) in ` +
        `${sideNames[side]}; sync.maxDeletePercent allows ${limits.maxDeletePercent} % and ` +
        `sync.maxDeleteFiles ${limits.maxDeleteFiles} files. Nothing was changed. ${goOn(total)}`,
    };
  }
  return undefined;
}

/** The smallest share, in whole percent, that lets these deletes through on either side. */
export function shareOf(deletes: Record<Side, number>, files: Record<Side, number>): number {
  const share = (side: Side): number => Math.ceil((deletes[side] / Math.max(files[side], 1)) * 100);
  return Math.min(100, Math.max(share('workspace'), share('cloud')));
}

/** Says why a side without files must not empty the other one, or `undefined` when it may. */
export function guardEmpty(
  empty: Side,
  deletes: number,
  confirmDeletes = 0,
): RunReason | undefined {
  if (confirmDeletes >= deletes) return undefined;
  return {
    code: 'empty-source',
    message:
      `${sideNames[empty].replace('the', 'The')} has no files any more: bisync would delete ` +
      `${deletes} files on the other side. Nothing was changed. ${goOn(deletes)}`,
  };
}

function goOn(count: number): string {
  return `If that is what you want, run it once with "confirmDeletes": ${count}.`;
}
