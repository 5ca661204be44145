import type { Side } from '../contract/index.ts';
import { pathKey } from '../one-way/plan.ts';
import { sideNames } from './guard.ts';

/** Names that one side may take for the same: which must be left alone, and why. Pure data. */
export interface SpellingFindings {
  /** Files, each with the reason, or with none where nobody has it any more. */
  files: Map<string, string | undefined>;
  /** Folders with all that they hold. */
  folders: Map<string, string | undefined>;
  /** Remembered files that have another spelling now wherever they are: known no more. */
  outdated: Set<string>;
}

/** Paths of files. */
type Names = Record<Side, Iterable<string>>;

/** How one name is spelled, on each side. */
type Spellings = Record<Side, Set<string>>;

const bothSides = ['workspace', 'cloud'] as const;

const keyOf = pathKey(true);

/**
 * Finds the files and folders whose name is another one's but for case or its form of Unicode, on one
 * side or between both. A side that knows no case would put the one in the place of the other, and
 * bisync would take the other spelling for a file that was deleted.
 *
 * One name in two forms of Unicode, one on each side, is no trouble as long as the workspace's stays
 * what it was: bisync knows that both are one.
 */
export function findSpellings(now: Names, before: Names): SpellingFindings {
  const there = indexOf(now);
  const was = indexOf(before);
  const findings: SpellingFindings = { files: new Map(), folders: new Map(), outdated: new Set() };
  for (const names of [now, before]) {
    for (const path of bothSides.flatMap((side) => [...names[side]])) {
      const trouble = prefixesOf(path).find((name) => isTroubled(keyOf(name), there, was));
      if (trouble !== undefined) {
        const kind = trouble === path ? 'files' : 'folders';
        findings[kind].set(trouble, reasonFor(trouble, there.get(keyOf(trouble))));
      } else if (names === before && isOutdated(path, there.get(keyOf(path)))) {
        findings.outdated.add(path);
      }
    }
  }
  return findings;
}

function indexOf(names: Names): Map<string, Spellings> {
  const index = new Map<string, Spellings>();
  for (const side of bothSides) {
    for (const path of names[side]) {
      for (const name of prefixesOf(path)) {
        const key = keyOf(name);
        const spellings = index.get(key) ?? { workspace: new Set(), cloud: new Set() };
        index.set(key, spellings);
        spellings[side].add(name);
      }
    }
  }
  return index;
}

/** The folders that a file lies in, outermost first, and the file. */
export function prefixesOf(path: string): string[] {
  const names: string[] = [];
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    names.push(path.slice(0, at));
  }
  return [...names, path];
}

function isTroubled(
  key: string,
  there: ReadonlyMap<string, Spellings>,
  was: ReadonlyMap<string, Spellings>,
): boolean {
  const { workspace = none, cloud = none } = there.get(key) ?? {};
  if (workspace.size > 1 || cloud.size > 1) return true;
  const [[here], [beyond]] = [workspace, cloud];
  if (here === undefined || beyond === undefined || here === beyond) return false;
  if (here.normalize('NFC') !== beyond.normalize('NFC')) return true;
  return [...(was.get(key)?.workspace ?? none)].some((name) => name !== here);
}

const none: ReadonlySet<string> = new Set();

/** Whether a remembered name is nobody's any more, because all who have it have renamed it alike. */
function isOutdated(path: string, there: Spellings | undefined): boolean {
  if (!there) return false;
  const { workspace, cloud } = there;
  const names = new Set([...workspace, ...cloud]);
  if (names.size === 0 || names.has(path)) return false;
  const isOther = ![...names].some((name) => name.normalize('NFC') === path.normalize('NFC'));
  return isOther || (names.size === 1 && workspace.size > 0 && cloud.size > 0);
}

function reasonFor(name: string, there: Spellings | undefined): string | undefined {
  if (!there || !bothSides.some((side) => there[side].has(name))) return undefined;
  const others = bothSides.flatMap((side) =>
    [...there[side]]
      .filter((other) => other !== name)
      .map((other) => `${JSON.stringify(other)} in ${sideNames[side]}`),
  );
  return (
    `it is the same name as ${others.join(' and ')} but for case or its form of Unicode: rename one ` +
    'of them; until then nothing of either is copied, replaced or deleted'
  );
}
