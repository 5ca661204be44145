import type { RunReason } from '../contract/index.ts';
import type { BaselineRecord } from './backup-memory.ts';

/** An item of which the snapshot before had files, and this one has none. */
export interface GoneItem {
  item: string;
  files: number;
  /** The snapshot that had them. */
  snapshot: string;
}

/** Files of each item, by its name. */
type Counts = Readonly<Record<string, number>>;

/**
 * The items that have gone since the snapshot before. Unlike the files, they are compared whatever
 * else of the configuration has changed: a wrong path is how a workspace is lost sight of.
 */
export function goneItems(
  before: BaselineRecord | undefined,
  include: readonly string[],
  now: Counts,
): GoneItem[] {
  if (!before) return [];
  const { items = {}, snapshot } = before;
  return [...new Set(include)].flatMap((item) => {
    const files = items[item] ?? 0;
    return files > 0 && !now[item] ? [{ item, files, snapshot }] : [];
  });
}

/** Why a snapshot in which an item is gone deserves a look before older ones are given up. */
export function goneText({ item, files, snapshot }: GoneItem): string {
  const count = files === 1 ? '1 file' : `${files} files`;
  return `nothing of "${item}" is in it, of which snapshot ${snapshot} has ${count}`;
}

/** Items that are not stored: those that are not there, and a workspace that is empty. */
export function absentItems(
  include: readonly string[],
  missing: readonly string[],
  now: Counts,
): string[] {
  const isEmpty = include.includes('workspace') && !now['workspace'];
  return [...new Set([...missing, ...(isEmpty ? ['workspace'] : [])])];
}

/** Why a snapshot is not all that it should be, where an item has gone, or where it has no workspace. */
export function absence(
  absent: readonly string[],
  gone: readonly GoneItem[],
): RunReason | undefined {
  const names = [...gone.map(({ item }) => item), ...absent.filter((item) => item === 'workspace')];
  if (names.length === 0) return undefined;
  const named = [...new Set(names)].map((item) => `"${item}"`).join(', ');
  const held =
    'The snapshot before has files of that, and nothing is pruned until somebody confirms. ';
  const since = gone.length > 0 ? held : '';
  return {
    code: 'items-missing',
    message:
      `The snapshot has nothing of ${named}: not there, empty, or not to be read. ${since}See whether ` +
      'it lies where the block workspace of the configuration says; what is not there on purpose, ' +
      'take out of backup.include.',
  };
}
