import type { Side } from '../contract/index.ts';
import type { RcloneLine } from '../rclone/account.ts';
import { systemClock } from '../clock.ts';
import { unquoteGo } from './go-string.ts';

/** What happened to a file of one side since it was last in step. */
export type Delta = 'new' | 'changed' | 'deleted';

/** What bisync says of itself while it runs. */
export interface BisyncStory {
  deltas: Record<Side, Map<string, Delta>>;
  /** Files that both sides have changed, and the side whose version wins where bisync knows one. */
  conflicts: Map<string, Side | undefined>;
  /** Files that both sides have changed to the same, as rclone takes it. */
  equal: Set<string>;
  /** Whether it has taken files for the same by their size alone: one side had no hash of them. */
  unhashed: boolean;
  /** Files and folders that it passes over: the side has another that it takes for the same. */
  twins: Map<string, Side>;
  /** Whether it has found nothing to do. */
  unchanged: boolean;
  /** What has been copied, to which side, and when rclone said so, in milliseconds since 1970. */
  copied: { path: string; size: number; side: Side; at: number }[];
  /** What has been deleted or moved away, and on which side. */
  removed: { path: string; side: Side }[];
  /** What a dry run would copy, as far as rclone names it itself: with a resync it alone does. */
  wouldCopy: { path: string; size: number; side: Side }[];
  /** Whether it had begun to change anything. */
  applying: boolean;
  stop: BisyncStop | undefined;
}

/** Why bisync refused to go on, before it changed anything. */
export type BisyncStop =
  | { kind: 'too-many-deletes' }
  | { kind: 'all-changed' }
  | { kind: 'empty'; side: Side }
  | { kind: 'nothing-remembered'; side: Side }
  | { kind: 'check-access' }
  | { kind: 'needs-resync'; message: string };

/** A story, and the function that reads a line of rclone's log into it. */
export function createStory(): { story: BisyncStory; watch: (line: RcloneLine) => void } {
  const story: BisyncStory = {
    deltas: { workspace: new Map(), cloud: new Map() },
    conflicts: new Map(),
    equal: new Set(),
    unhashed: false,
    twins: new Map(),
    unchanged: false,
    copied: [],
    removed: [],
    wouldCopy: [],
    applying: false,
    stop: undefined,
  };
  let target: Side = 'workspace';
  return {
    story,
    watch: (line) => {
      const step = stepOf(line.msg);
      if (step?.what === 'target') {
        story.applying = true;
        target = sideOf(step.file);
      } else if (step) {
        noteStep(story, step);
      } else if (/^\d+ hashes could not be checked$/.test(line.msg)) {
        story.unhashed = true;
      } else if (line.object !== undefined) {
        noteFile(story, line, line.object, target);
      } else {
        noteMessage(story, line.msg);
      }
      story.stop ??= stopOf(line);
    },
  };
}

interface Step {
  tag: string;
  what: Delta | 'conflict' | 'rename' | 'target';
  file: string;
}

const steps: [RegExp, Step['what']][] = [
  [/^File is new$/, 'new'],
  [/^File changed: /, 'changed'],
  [/^File was deleted$/, 'deleted'],
  [/^New or changed in both paths$/, 'conflict'],
  [/^Renaming Path[12] copy$/, 'rename'],
  [/^(?:Do queued copies to|Resync is copying files to)$/, 'target'],
];

/** bisync's own lines: `- Path1    File is new     - name`. */
function stepOf(msg: string): Step | undefined {
  const [, tag = '', text = '', file = ''] =
    /^- (Path[12]|WARNING) +([A-Z][\w :(),]*?) +- (.*)$/s.exec(msg) ?? [];
  const what = steps.find(([pattern]) => pattern.test(text))?.[1];
  return what && { tag, what, file: file.startsWith('"') ? unquoteGo(file) : file };
}

function sideOf(path: string): Side {
  return path === 'Path1' ? 'workspace' : 'cloud';
}

function noteStep(story: BisyncStory, { tag, what, file }: Step): void {
  if (what === 'conflict') story.conflicts.set(file, undefined);
  else if (what === 'rename') story.applying = true;
  else if (what !== 'target') story.deltas[sideOf(tag)].set(file, what);
}

function noteFile(story: BisyncStory, { msg, size = 0 }: RcloneLine, path: string, side: Side) {
  const winner = /^The winner is: (Path[12])/.exec(msg)?.[1];
  const twin = /^Duplicate \w+ found in (source|destination) - ignoring/.exec(msg)?.[1];
  if (twin !== undefined && !story.applying) {
    story.twins.set(path, twin === 'source' ? 'workspace' : 'cloud');
  } else if (winner !== undefined) story.conflicts.set(path, sideOf(winner));
  else if (msg.startsWith('Files are equal but will copy')) noteEqual(story, path);
  else if (/(^|\s)Copied \((?!server-side)/.test(msg)) {
    story.copied.push({ path, size, side, at: systemClock.now() });
  } else if (msg.startsWith('Skipped copy as --dry-run'))
    story.wouldCopy.push({ path, size, side });
  else if (msg === 'Deleted' || msg === 'Moved into backup dir') story.removed.push({ path, side });
}

function noteMessage(story: BisyncStory, msg: string): void {
  if (msg === 'No changes found') story.unchanged = true;
  const equal = /^Files are equal! Skipping: (.*)$/s.exec(msg)?.[1];
  if (equal !== undefined) noteEqual(story, equal);
}

function noteEqual(story: BisyncStory, path: string): void {
  story.equal.add(path);
  story.conflicts.delete(path);
}

function stopOf({ msg, object }: RcloneLine): BisyncStop | undefined {
  // A file may have the name that bisync puts where other lines name a file: it says other things.
  if (object === 'Safety abort' && msg.startsWith('too many deletes (')) {
    return { kind: 'too-many-deletes' };
  }
  // A line about a file says what its name makes it say.
  if (object !== undefined) return undefined;
  if (msg.startsWith('Safety abort: all files were changed')) return { kind: 'all-changed' };
  const [, when, path = ''] = /^Empty (prior|current) (Path[12]) listing/.exec(msg) ?? [];
  if (when === 'prior') return { kind: 'nothing-remembered', side: sideOf(path) };
  if (when === 'current') return { kind: 'empty', side: sideOf(path) };
  if (msg.startsWith('Access test failed')) return { kind: 'check-access' };
  const lost = /^Bisync (?:critical error: (cannot find prior|.*filters file)|aborted\. Must run)/;
  return lost.test(msg)
    ? { kind: 'needs-resync', message: msg.split('\n')[0]?.trim() ?? '' }
    : undefined;
}
