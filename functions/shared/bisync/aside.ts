import type { RunReason, Side, SkippedFile } from '../contract/index.ts';
import { pathKey } from '../one-way/plan.ts';
import type { Remembered } from './attempt.ts';
import { lookForSide, type Leg } from './leg.ts';
import type { RememberedSide } from './listing.ts';
import { timesOf } from './remotes.ts';
import type { Seen } from './settle.ts';
import { findSpellings, prefixesOf } from './spelling.ts';
import { literalPattern } from './workdir.ts';

/** What a leg leaves alone on both sides. */
export interface Aside {
  /** Excludes that hold it. */
  patterns: string[];
  skipped: SkippedFile[];
  /** What is remembered of it, and stays so. */
  remembered: Record<Side, RememberedSide>;
}

/** What a leg knows before bisync begins. */
export interface Ahead {
  leg: Leg;
  /** What bisync may be told of what was. */
  remembered: Remembered | undefined;
  /** The sides that had to be listed. */
  seen: Partial<Record<Side, Seen>>;
}

const bothSides = ['workspace', 'cloud'] as const;

/**
 * Lists what has to be known before bisync begins, and puts aside what it must not touch: names that
 * a side takes for the same, and folders that cannot be listed.
 * @param everything lists both sides in any case.
 * @throws RcloneError, also when time is up.
 */
export async function lookAhead(
  leg: Leg,
  remembered: Remembered | undefined,
  everything = false,
): Promise<Ahead | { blocked: RunReason }> {
  const isLoose = bothSides.some((side) => leg.deps[side].caseInsensitive);
  const listed = bothSides.filter((side) => {
    // A resync goes by what it finds itself.
    const isUnseen = remembered !== undefined && timesOf(leg.deps[side]) === 'unused';
    return everything || isLoose || isUnseen;
  });
  const found = await Promise.all(listed.map((side) => lookForSide(leg, side)));
  const seen = Object.fromEntries(listed.map((side, at) => [side, found[at]?.files ?? new Map()]));
  const ghosts = new Map(found.flatMap((side) => [...(side?.unlisted ?? [])]));
  return putAside(leg, remembered, { seen, ghosts, isLoose });
}

interface Found {
  seen: Ahead['seen'];
  /** Folders that cannot be listed, each with the reason. */
  ghosts: ReadonlyMap<string, string>;
  isLoose: boolean;
}

function putAside(
  leg: Leg,
  remembered: Remembered | undefined,
  { seen, ghosts, isLoose }: Found,
): Ahead | { blocked: RunReason } {
  const now = { workspace: namesOf(seen.workspace), cloud: namesOf(seen.cloud) };
  const sides = remembered?.sides;
  const before = { workspace: namesOf(sides?.workspace), cloud: namesOf(sides?.cloud) };
  const nothing = { workspace: [], cloud: [] };
  const found = isLoose ? findSpellings(now, before) : findSpellings(nothing, nothing);
  const all = bothSides.flatMap((side) => [...now[side], ...before[side]]);
  for (const [folder, reason] of spelledLike(ghosts, all)) found.folders.set(folder, reason);

  const unsayable = [...found.files.keys(), ...found.folders.keys()].find(
    (name) => literalPattern(name) === undefined,
  );
  if (unsayable !== undefined) return { blocked: unusable(unsayable) };
  const patterns = [
    ...[...found.files.keys()].map(literally),
    ...[...found.folders.keys()].flatMap((name) => [literally(name), `${literally(name)}/**`]),
  ];
  const skipped = [...found.files, ...found.folders].flatMap(([path, reason]) =>
    reason === undefined ? [] : [{ path, reason }],
  );
  const isAside = (path: string): boolean =>
    found.files.has(path) || prefixesOf(path).some((name) => found.folders.has(name));
  const isOutdated = (path: string): boolean => found.outdated.has(path);
  const aside = { patterns, skipped, remembered: pick(remembered, isAside) };
  const rest = pick(remembered, (path) => !isAside(path) && !isOutdated(path));
  return {
    leg: { ...leg, aside },
    remembered: remembered && { pair: remembered.pair, sides: rest },
    seen,
  };
}

/** Leaves more files alone, on both sides; what is remembered of them stays so. */
export function leaveAside(leg: Leg, remembered: Remembered | undefined, paths: string[]): Leg {
  const names = new Set(paths);
  const kept = pick(remembered, (path) => names.has(path));
  const { patterns = [], skipped = [], remembered: before } = leg.aside ?? {};
  const both = (side: Side): RememberedSide => new Map([...(before?.[side] ?? []), ...kept[side]]);
  return {
    ...leg,
    aside: {
      patterns: [...patterns, ...paths.map(literally)],
      skipped,
      remembered: { workspace: both('workspace'), cloud: both('cloud') },
    },
  };
}

/** What is remembered, but for these files. */
export function forget(remembered: Remembered, paths: Iterable<string>): Remembered {
  const names = new Set(paths);
  return { pair: remembered.pair, sides: pick(remembered, (path) => !names.has(path)) };
}

function namesOf(side: ReadonlyMap<string, unknown> | undefined): string[] {
  return [...(side?.keys() ?? [])];
}

/** The folders, and what the other side or the memory calls them. */
function spelledLike(
  ghosts: ReadonlyMap<string, string>,
  paths: string[],
): Map<string, string | undefined> {
  const spelled = new Map<string, string | undefined>(ghosts);
  if (ghosts.size === 0) return spelled;
  const keyOf = pathKey(true);
  const keys = new Set([...ghosts.keys()].map(keyOf));
  for (const name of paths.flatMap(prefixesOf)) {
    if (keys.has(keyOf(name)) && !spelled.has(name)) spelled.set(name, undefined);
  }
  return spelled;
}

function pick(
  remembered: Remembered | undefined,
  isWanted: (path: string) => boolean,
): Record<Side, RememberedSide> {
  const side = (name: Side): RememberedSide =>
    new Map([...(remembered?.sides[name] ?? [])].filter(([path]) => isWanted(path)));
  return { workspace: side('workspace'), cloud: side('cloud') };
}

function literally(name: string): string {
  return literalPattern(name) ?? '';
}

function unusable(name: string): RunReason {
  return {
    code: 'ambiguous-name',
    message:
      `${JSON.stringify(name)} has to be left out, because another name differs from it in case or ` +
      'in its form of Unicode only, or because it cannot be listed; but a name with a line break ' +
      'cannot be left out. Nothing was changed. Rename it.',
  };
}
