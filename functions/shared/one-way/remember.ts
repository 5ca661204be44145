import { epochOf } from '../clock.ts';
import type { Direction, SkippedFile } from '../contract/index.ts';
import type { ListedFile } from '../rclone/listing.ts';
import type { OneWayOutcome } from './apply.ts';
import { identity, mayBeOther, notSeenYet, type Manifest, type Pair } from './manifest.ts';
import { bySide, pathKey, type OneWayPlan } from './plan.ts';
import { nameOf, waysOf, type Ways } from './sides.ts';

/** What a run one way has come to. */
export interface Done {
  direction: Direction;
  plan: OneWayPlan;
  outcome: OneWayOutcome;
  manifest: Manifest;
  /** What was to be sent. */
  touched: ListedFile[];
  /** The destination as it is now; `undefined` where nobody could look. */
  destination: ListedFile[] | undefined;
  /** When rclone said of each file that it was copied, in milliseconds. */
  copiedAt: ReadonlyMap<string, number>;
  /** When the destination had been looked at. */
  lookedAt: number;
  caseInsensitive: boolean;
}

/** What is in step now. */
export interface InStep {
  files: Map<string, Pair>;
  /** What did not arrive, though nobody said why. */
  missing: SkippedFile[];
  /** Whether that differs from what is remembered. */
  changed: boolean;
}

/** Says of each file whether it is known to be the same on both sides. */
export function inStepNow(done: Done): InStep {
  const ways = waysOf(done.direction);
  const files = new Map<string, Pair>();
  const missing: SkippedFile[] = [];
  const looked = { ...done, ...lookAt(done) };
  for (const [source, destination] of done.plan.unchanged) {
    const { workspace, cloud } = bySide(done.direction, source, destination);
    files.set(workspace.path, pairOf(workspace, cloud));
  }
  for (const file of done.touched) {
    const found = judge(looked, ways, file);
    if (found === undefined) continue;
    if (typeof found === 'string') missing.push({ path: file.path, reason: found });
    else files.set(found.path, found.pair);
  }
  return { files, missing, changed: differs(files, done.manifest) };
}

interface Looked {
  failed: ReadonlySet<string | undefined>;
  /** Where rclone was asked to compare and everything went well, not sent means the same. */
  compared: ReadonlySet<ListedFile>;
  find: ((path: string) => ListedFile | undefined) | undefined;
  /** Milliseconds by which the destination's clock seems to be fast. */
  fastBy: number;
}

function lookAt(done: Done): Looked {
  const { errors, timeUp } = done.outcome;
  return {
    failed: new Set(errors.map(({ path }) => path)),
    compared: new Set(errors.length === 0 && !timeUp ? done.plan.compare : []),
    find: finder(done),
    fastBy: fastBy(done, finder(done)),
  };
}

/**
 * What all copies show in common is the clock's and not an edit's. A copy alone tells nothing of that.
 */
function fastBy({ copiedAt }: Done, find: Looked['find']): number {
  if (copiedAt.size < 2) return 0;
  const leads = [...copiedAt].map(([path, at]) => epochOf(find?.(path)?.modified ?? '') - at);
  const least = leads.reduce((one, other) => (other < one ? other : one), Infinity);
  return Number.isFinite(least) ? Math.max(0, least) : 0;
}

/** What a file is now: in step, missing with a reason, or for the next leg to see. */
function judge(
  looked: Done & Looked,
  ways: Ways,
  file: ListedFile,
): { path: string; pair: Pair } | string | undefined {
  const { direction, outcome, failed, compared, find } = looked;
  if (failed.has(file.path)) return undefined;
  if (!find) {
    if (!outcome.sent.has(file.path)) return undefined;
    const pair = { workspace: notSeenYet, cloud: notSeenYet };
    return { path: file.path, pair: { ...pair, [ways.source]: identity(file) } };
  }
  // Only rclone's word counts: a file of the right size may still be the old one.
  if (!outcome.sent.has(file.path) && !compared.has(file)) {
    const why = file.path.includes('\u201b')
      ? ', or not be found by its name, for the "\u201b" in it'
      : '';
    return `it was not sent; it may be gone from the ${nameOf[ways.source]}${why}`;
  }
  const now = find(file.path);
  if (now?.size !== (outcome.sent.get(file.path) ?? file.size)) {
    const to = nameOf[ways.destination];
    return `it is not in the ${to} after it was sent, or has another size there`;
  }
  const { workspace, cloud } = bySide(direction, file, now);
  const pair = pairOf(workspace, cloud);
  if (!mayBeEdited(now, looked, looked.copiedAt.get(file.path)))
    return { path: workspace.path, pair };
  // The next run sends it again, and believes what it finds then: a clock may be all that was wrong.
  const isSecond = looked.manifest.files?.get(workspace.path)?.[ways.destination] === mayBeOther;
  const doubt = isSecond ? {} : { [ways.destination]: mayBeOther };
  return { path: workspace.path, pair: { ...pair, ...doubt } };
}

/** What the clocks of a side and of this machine may differ by, in milliseconds. */
const skewMs = 1_000;

/**
 * Whether somebody may have edited a file between its copy and the look, with its size unchanged. A time
 * after the look is that of a clock that is fast, and says nothing.
 */
function mayBeEdited(
  { modified }: ListedFile,
  { lookedAt, fastBy: lead }: Done & Looked,
  copiedAt: number | undefined,
): boolean {
  const shown = epochOf(modified) - lead;
  return copiedAt !== undefined && shown > copiedAt + skewMs && shown <= lookedAt;
}

function pairOf(workspace: ListedFile, cloud: ListedFile): Pair {
  return { workspace: identity(workspace), cloud: identity(cloud) };
}

/** Finds a file of the destination by the name that it was sent under. */
function finder({
  destination,
  caseInsensitive,
}: Done): ((path: string) => ListedFile | undefined) | undefined {
  if (!destination) return undefined;
  const keyOf = pathKey(caseInsensitive);
  const byPath = new Map(destination.map((file) => [file.path, file]));
  const byKey = new Map(destination.map((file) => [keyOf(file.path), file]));
  return (path) => byPath.get(path) ?? byKey.get(keyOf(path));
}

function differs(files: ReadonlyMap<string, Pair>, { files: before }: Manifest): boolean {
  if (before?.size !== files.size) return true;
  return [...files].some(([path, { workspace, cloud }]) => {
    const was = before.get(path);
    return was?.workspace !== workspace || was.cloud !== cloud;
  });
}
