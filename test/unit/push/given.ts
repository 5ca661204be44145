import type { PushManifest } from '../../../functions/shared/push/manifest.ts';
import {
  destinationIdentity,
  planPush,
  sourceIdentity,
  type PushPlan,
  type PushSides,
} from '../../../functions/shared/push/plan.ts';
import type { ListedFile } from '../../../functions/shared/rclone/listing.ts';

/** A file as a listing shows it. */
export function file(path: string, more: Partial<ListedFile> = {}): ListedFile {
  return { path, size: 3, modified: '2026-11-22T10:00:00Z', ...more };
}

/** The manifest of a push that left both sides like this. */
export function manifestOf(
  ...pairs: [source: ListedFile, destination: ListedFile][]
): PushManifest {
  return {
    files: new Map(
      pairs.map(([source, destination]) => [
        source.path,
        { source: sourceIdentity(source), destination: destinationIdentity(destination) },
      ]),
    ),
  };
}

/** Nothing was ever pushed. */
export const noManifest: PushManifest = { files: undefined };

/** A plan for these sides. */
export function planFor(sides: Partial<PushSides>): PushPlan {
  return planPush({
    source: [],
    destination: [],
    destinationFolders: [],
    manifest: noManifest,
    caseInsensitive: false,
    ...sides,
  });
}

/** The plan as names, without its empty lists. */
export function names(plan: PushPlan): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(plan)
      .map(([list, files]): [string, string[]] => [
        list,
        (files as { path: string }[]).map(({ path }) => path),
      ])
      .filter(([, paths]) => paths.length > 0),
  );
}
