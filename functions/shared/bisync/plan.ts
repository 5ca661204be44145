import type { PlannedChange, RunPlan, Side } from '../contract/index.ts';
import { createPlan } from '../runtime/plan.ts';
import type { RememberedSide } from './listing.ts';
import type { BisyncStory, Delta } from './log.ts';

/** Both sides as they are now: sizes tell what a change weighs. */
export type SidesNow = Record<Side, ReadonlyMap<string, { size: number }>>;

/** What bisync's own findings come to. Pure: `now` are the listings that bisync has made. */
export function planOf({ deltas, conflicts, equal }: BisyncStory, now: SidesNow): RunPlan {
  const copy: PlannedChange[] = [];
  const update: PlannedChange[] = [];
  const gone: PlannedChange[] = [];
  const on = (side: Side, path: string, from: Side): PlannedChange => {
    return { path, bytes: now[from].get(path)?.size ?? 0, side };
  };
  for (const from of ['workspace', 'cloud'] as const) {
    const to = otherSide(from);
    for (const [path, delta] of deltas[from]) {
      if (equal.has(path) || conflicts.has(path)) continue;
      if (!carries(delta, deltas[to].get(path))) continue;
      if (delta === 'deleted') gone.push(on(to, path, to));
      else (now[to].has(path) ? update : copy).push(on(to, path, from));
    }
  }
  const conflict = [...conflicts].map(([path, winner = 'cloud']) => on(winner, path, winner));
  return createPlan({ copy, update, delete: gone, conflict });
}

/** How many files would go from each side. */
export function deletesOf({ deltas }: BisyncStory): Record<Side, number> {
  const count = (to: Side): number =>
    [...deltas[otherSide(to)]].filter(
      ([path, delta]) => delta === 'deleted' && carries(delta, deltas[to].get(path)),
    ).length;
  return { workspace: count('workspace'), cloud: count('cloud') };
}

/** Whether a change is carried to the other side, given what happened to the file there. */
function carries(delta: Delta, there: Delta | undefined): boolean {
  // A file that one side has changed and the other deleted stays, as it was changed.
  return there === undefined || (there === 'deleted' && delta !== 'deleted');
}

export function otherSide(side: Side): Side {
  return side === 'workspace' ? 'cloud' : 'workspace';
}

/** What a resync would copy, by rclone's dry run of it. */
export function planOfResync({ wouldCopy }: BisyncStory, now: SidesNow): RunPlan {
  const changes = wouldCopy.map(({ path, size, side }) => ({ path, bytes: size, side }));
  return createPlan({
    copy: changes.filter(({ path, side }) => !now[side].has(path)),
    update: changes.filter(({ path, side }) => now[side].has(path)),
  });
}

/**
 * What would be done where one side has no files at all, which bisync refuses to look at: what the
 * other side still has as it was remembered would be deleted, the rest copied.
 */
export function planForEmptySide(empty: Side, remembered: RememberedSide, now: SidesNow): RunPlan {
  const full = otherSide(empty);
  const files = [...now[full]].map(([path, { size }]) => ({ path, bytes: size }));
  const isRemembered = (path: string, bytes: number): boolean =>
    remembered.get(path)?.size === bytes;
  return createPlan({
    copy: files
      .filter(({ path, bytes }) => !isRemembered(path, bytes))
      .map((file) => ({ ...file, side: empty })),
    delete: files
      .filter(({ path, bytes }) => isRemembered(path, bytes))
      .map((file) => ({ ...file, side: full })),
  });
}
