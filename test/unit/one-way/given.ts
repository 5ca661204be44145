import { identity, type Manifest } from '../../../functions/shared/one-way/manifest.ts';
import {
  planOneWay,
  type OneWayPlan,
  type PlanSides,
} from '../../../functions/shared/one-way/plan.ts';
import type { ListedFile } from '../../../functions/shared/rclone/listing.ts';

/** A file as a listing shows it. */
export function file(path: string, more: Partial<ListedFile> = {}): ListedFile {
  return { path, size: 3, modified: '2026-11-22T10:00:00Z', ...more };
}

/** The manifest of a run that left both sides like this. */
export function manifestOf(...pairs: [workspace: ListedFile, cloud: ListedFile][]): Manifest {
  return {
    settled: true,
    files: new Map(
      pairs.map(([workspace, cloud]) => [
        workspace.path,
        { workspace: identity(workspace), cloud: identity(cloud) },
      ]),
    ),
  };
}

/** These places were never in step. */
export const noManifest: Manifest = { files: undefined, settled: false };

/** A plan for these sides. */
export function planFor(sides: Partial<PlanSides>): OneWayPlan {
  return planOneWay({
    direction: 'push',
    source: [],
    destination: [],
    destinationFolders: [],
    manifest: noManifest,
    caseInsensitive: false,
    comparable: () => true,
    maxFileBytes: Infinity,
    ...sides,
  });
}

/** The plan as names, without its empty lists. */
export function names({ unchanged, ...plan }: OneWayPlan): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries({ ...plan, unchanged: unchanged.map(([source]) => source) })
      .map(([list, files]): [string, string[]] => [
        list,
        (files as { path: string }[]).map(({ path }) => path),
      ])
      .filter(([, paths]) => paths.length > 0),
  );
}
