import type { Direction, SkippedFile } from '../contract/index.ts';
import type { ListedFile } from '../rclone/listing.ts';
import { unusable } from '../rclone/names.ts';
import { isSame, notSeenYet, type Manifest } from './manifest.ts';
import { nameOf, waysOf } from './sides.ts';

/** What a run one way would do. Pure data: worked out before anything is changed. */
export interface OneWayPlan {
  /** Files that the destination does not have. */
  copy: ListedFile[];
  /** Files that are known to differ from the destination's. */
  update: ListedFile[];
  /** Files of equal size of which nothing is remembered: rclone compares their checksums. */
  compare: ListedFile[];
  /** The same, where the sides have no checksum in common: they are sent. */
  resend: ListedFile[];
  /** Files of the destination that the source does not have. */
  delete: ListedFile[];
  /** Files that are the same on both sides, each as the source and as the destination shows it. */
  unchanged: [source: ListedFile, destination: ListedFile][];
  skipped: SkippedFile[];
}

export interface PlanSides {
  direction: Direction;
  /** Without mailboxes, trash, and what is excluded; so is the destination. */
  source: ListedFile[];
  destination: ListedFile[];
  manifest: Manifest;
  /** Folders of the destination, empty ones among them. */
  destinationFolders: string[];
  /** Whether `A.txt` and `a.txt` are one file at the destination. */
  caseInsensitive: boolean;
  /** Whether checksums tell if two files of equal size are the same. */
  comparable: (source: ListedFile, destination: ListedFile) => boolean;
  /** Bytes of the largest file that one leg can carry. */
  maxFileBytes: number;
}

/**
 * Compares both sides.
 *
 * A file is unchanged when both sides still show what they showed when they were last in step.
 * Nobody's clock is compared with anybody else's, so a changed file of equal size and older time is
 * found.
 */
export function planOneWay(sides: PlanSides): OneWayPlan {
  const { source, destinationFolders } = sides;
  const destination = sides.destination.filter(isUsable);
  const keyOf = pathKey(sides.caseInsensitive);
  const byPath = new Map(destination.map((file) => [file.path, file]));
  const byKey = new Map(destination.map((file) => [keyOf(file.path), file]));
  const plan = emptyPlan();
  const wanted = new Map<string, string>();
  const named = [...source.filter(isUsable), ...destination];
  const folders = {
    filled: folderKeys(named, keyOf),
    listed: new Set(destinationFolders.map(keyOf)),
  };
  const there = nameOf[waysOf(sides.direction).destination];

  for (const file of source) {
    const key = keyOf(file.path);
    const problem =
      notNamed(file) ??
      tooLarge(file, sides.maxFileBytes) ??
      clash(key, folders, byKey, there) ??
      collision(wanted, key, file.path, there);
    if (problem !== undefined) {
      plan.skipped.push({ path: file.path, reason: problem });
      wanted.set(key, wanted.get(key) ?? file.path);
      continue;
    }
    // Some destinations keep two Unicode forms of a name apart: then each has its own.
    const other = byPath.get(file.path) ?? byKey.get(key);
    if (other && inStep(file, other, sides)) plan.unchanged.push([file, other]);
    else plan[decide(file, other, sides)].push(file);
  }
  const paths = new Set(source.map(({ path }) => path));
  plan.delete = destination.filter(({ path }) => {
    const as = wanted.get(keyOf(path));
    // What has the name in another form is what was there before the name changed its form.
    return as === undefined || (!paths.has(path) && byPath.has(as));
  });
  plan.skipped.push(...leftAlone(sides, there));
  return plan;
}

/** What lies at the destination under a name that would lead to another file is not deleted either. */
function leftAlone({ source, destination }: PlanSides, there: string): SkippedFile[] {
  const said = new Set(source.filter((file) => !isUsable(file)).map(({ path }) => path));
  return destination.flatMap((file) => {
    const problem = said.has(file.path) ? undefined : notNamed(file);
    return problem === undefined
      ? []
      : [{ path: file.path, reason: `${problem}; it stays in the ${there}` }];
  });
}

function isUsable(file: ListedFile): boolean {
  return notNamed(file) === undefined;
}

/** Says why nothing can be done to a file by its name. */
function notNamed({ path, unreachable }: ListedFile): string | undefined {
  const cannot = 'rclone does not find it by its name: give it another one';
  return unusable(path) ?? (unreachable ? cannot : undefined);
}

function emptyPlan(): OneWayPlan {
  return { copy: [], update: [], compare: [], resend: [], delete: [], unchanged: [], skipped: [] };
}

/** What no leg can finish is said at once, and not after three legs that began with it. */
function tooLarge({ size }: ListedFile, maxFileBytes: number): string | undefined {
  if (size <= maxFileBytes) return undefined;
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0);
  return (
    `it has ${gigabytes(size)} GB, and one function call can carry ${gigabytes(maxFileBytes)} GB at ` +
    'best: split it, leave it out with sync.exclude, or copy it with rclone from a machine of your own'
  );
}

/** The keys of all folders that these files lie in. */
function folderKeys(files: ListedFile[], keyOf: (path: string) => string): ReadonlySet<string> {
  return new Set(files.flatMap(({ path }) => parentsOf(keyOf(path))));
}

function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    parents.push(path.slice(0, at));
  }
  return parents;
}

/**
 * A file must not be sent to where a folder lies, nor below a file: some servers would put it in the
 * place of the folder and all that it holds. What is to be deleted goes first; the folder that is empty
 * then is somebody's to remove, who sees what else may be in it.
 */
function clash(
  key: string,
  { filled, listed }: { filled: ReadonlySet<string>; listed: ReadonlySet<string> },
  files: ReadonlyMap<string, ListedFile>,
  there: string,
): string | undefined {
  const folder = `a folder of that name lies in the ${there}`;
  if (filled.has(key)) return folder;
  if (listed.has(key))
    return `${folder}, empty or with nothing but what is excluded: remove it there`;
  const file = parentsOf(key).find((parent) => files.has(parent));
  return file === undefined
    ? undefined
    : `a file lies in the ${there} where its folder ${JSON.stringify(file)} has to be`;
}

function collision(
  wanted: Map<string, string>,
  key: string,
  path: string,
  there: string,
): string | undefined {
  const other = wanted.get(key);
  if (other !== undefined) {
    return `in the ${there} it would be the same file as ${JSON.stringify(other)}: rename one of them`;
  }
  wanted.set(key, path);
  return undefined;
}

/** Whether both sides still show what they showed when they were in step. */
function inStep(source: ListedFile, destination: ListedFile, sides: PlanSides): boolean {
  if (source.size !== destination.size) return false;
  const { workspace, cloud } = bySide(sides.direction, source, destination);
  const pair = sides.manifest.files?.get(workspace.path);
  const same = (side: 'workspace' | 'cloud', now: ListedFile): boolean =>
    isSame(pair?.[side], now) ||
    (pair?.[side] === notSeenYet && side === waysOf(sides.direction).destination);
  return same('workspace', workspace) && same('cloud', cloud);
}

function decide(
  source: ListedFile,
  destination: ListedFile | undefined,
  { direction, manifest, comparable }: PlanSides,
): 'copy' | 'update' | 'compare' | 'resend' {
  if (!destination) return 'copy';
  if (source.size !== destination.size) return 'update';
  const { workspace } = bySide(direction, source, destination);
  if (manifest.files?.has(workspace.path)) return 'update';
  return comparable(source, destination) ? 'compare' : 'resend';
}

/** The two as the manifest knows them. */
export function bySide(
  direction: Direction,
  source: ListedFile,
  destination: ListedFile,
): Record<'workspace' | 'cloud', ListedFile> {
  return direction === 'push'
    ? { workspace: source, cloud: destination }
    : { workspace: destination, cloud: source };
}

/** Providers keep names in the composed Unicode form whatever they are given. */
export function pathKey(caseInsensitive: boolean): (path: string) => string {
  return caseInsensitive
    ? (path) => path.normalize('NFC').toLowerCase()
    : (path) => path.normalize('NFC');
}
