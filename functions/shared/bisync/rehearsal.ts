import type { Side, SkippedFile } from '../contract/index.ts';
import { hashNamed } from '../rclone/hashes.ts';
import { troubleOf } from '../rclone/trouble.ts';
import { forget, leaveAside } from './aside.ts';
import { attemptBisync, type Attempt, type AttemptOptions } from './attempt.ts';
import type { Winner } from './flags.ts';
import { bisyncError, type Leg } from './leg.ts';
import type { BisyncStop } from './log.ts';
import { otherSide } from './plan.ts';
import { mayLackHashes } from './remotes.ts';
import { twinsOf } from './twins.ts';

/** What bisync is to be given after a rehearsal. */
export interface Rehearsed {
  leg: Leg;
  options: AttemptOptions;
  /** Nothing was to be done. */
  unchanged: boolean;
  /** Conflicts that bisync would not have seen: the loser of each lies beside it by now. */
  conflicts: ReadonlySet<string>;
  /** Such conflicts that could not be resolved; where nothing was to be done, what cannot be done. */
  skipped: SkippedFile[];
}

/** A file that both sides have changed, under the name that each has for it. */
type Names = Record<Side, string>;

const bothSides = ['workspace', 'cloud'] as const;

/**
 * Lets bisync say what it would do, where it may take two versions of a file for the same by their
 * size: those are read. Of two that differ the loser gets its name beside the winner here, as bisync
 * would give it; it then finds two new files.
 * @throws RcloneError, also when time is up.
 */
export async function rehearse(
  leg: Leg,
  options: AttemptOptions,
): Promise<Rehearsed | { stop: BisyncStop; first: Attempt }> {
  const ready = { leg, options, unchanged: false, conflicts: new Set<string>(), skipped: [] };
  if (!options.remembered || !mayLackHashes(leg.deps)) return ready;
  const attempt = await attemptBisync(leg.deps, { ...options, dryRun: true });
  const { story, result } = attempt;
  if (story.stop && !story.applying) return { stop: story.stop, first: attempt };
  // What it could not go on with is the real run's to handle: both sides were compared before.
  const isCompared = story.applying && !['time-up', 'rate-limited'].includes(result.outcome);
  if (result.outcome !== 'done' && !isCompared) throw bisyncError(result);
  if (story.unchanged) return { ...ready, unchanged: true, skipped: twinsOf(story) };
  return resolve(ready, attempt, await unlike(leg, attempt));
}

/** Makes conflicts of what a dry run takes for the same by its size alone, and is not. */
export async function correctStory(
  leg: Leg,
  attempt: Attempt,
  { winner }: AttemptOptions,
): Promise<void> {
  const { story, found } = attempt;
  for (const names of await unlike(leg, attempt)) {
    story.equal.delete(names.workspace);
    story.equal.delete(names.cloud);
    story.conflicts.set(names.workspace, winnerOf(names, found, winner));
  }
}

/** Files that bisync takes for the same without knowing, and that differ. */
async function unlike({ deps }: Leg, { story, found }: Attempt): Promise<Names[]> {
  if (!story.unhashed) return [];
  const doubtful = [...story.equal].map((path) => ({
    workspace: nameIn(found.workspace, path),
    cloud: nameIn(found.cloud, path),
  }));
  const hashesOf = (side: Side): Promise<Map<string, string>> =>
    hashNamed(
      deps.session,
      { remote: deps[side], path: '' },
      doubtful.map((names) => names[side]),
    );
  const [here, there] = await Promise.all([hashesOf('workspace'), hashesOf('cloud')]);
  return doubtful.filter(({ workspace, cloud }) => {
    const hash = here.get(workspace);
    return hash === undefined || hash !== there.get(cloud);
  });
}

/** What a side calls a file that bisync names: perhaps in another form of Unicode. */
function nameIn(side: ReadonlyMap<string, unknown>, path: string): string {
  if (side.has(path)) return path;
  const form = path.normalize('NFC');
  return [...side.keys()].find((name) => name.normalize('NFC') === form) ?? path;
}

async function resolve(ready: Rehearsed, attempt: Attempt, files: Names[]): Promise<Rehearsed> {
  const { leg, options } = ready;
  const { remembered } = options;
  if (!remembered || files.length === 0) return ready;
  const conflicts = new Set<string>();
  const skipped: SkippedFile[] = [];
  for (const names of files) {
    const loser = otherSide(winnerOf(names, attempt.found, options.winner));
    const reason = await putBeside(leg, attempt, loser, names[loser]);
    if (reason === undefined) conflicts.add(names[loser]);
    else skipped.push({ path: names[loser], reason });
  }
  const left = files.filter((names) => skipped.some(({ path }) => isOneOf(names, path)));
  const aside = leaveAside(leg, remembered, left.flatMap(namesOf));
  return {
    leg: aside,
    options: {
      ...options,
      aside: aside.aside?.patterns ?? [],
      remembered: forget(remembered, files.flatMap(namesOf)),
    },
    unchanged: false,
    conflicts,
    skipped,
  };
}

function namesOf({ workspace, cloud }: Names): string[] {
  return [...new Set([workspace, cloud])];
}

function isOneOf(names: Names, path: string): boolean {
  return namesOf(names).includes(path);
}

/** As bisync decides; where both have the same time, one of the two has to be moved. */
function winnerOf({ workspace, cloud }: Names, found: Attempt['found'], winner: Winner): Side {
  if (winner !== 'newer') return winner === 'path1' ? 'workspace' : 'cloud';
  const [here = '', there = ''] = [
    found.workspace.get(workspace)?.time,
    found.cloud.get(cloud)?.time,
  ];
  return here > there ? 'workspace' : 'cloud';
}

/** Gives the loser its name; says why where it could not. */
async function putBeside(
  { deps }: Leg,
  { found }: Attempt,
  side: Side,
  path: string,
): Promise<string | undefined> {
  const isTaken = (name: string): boolean => bothSides.some((one) => found[one].has(name));
  let number = 1;
  while (isTaken(`${path}.conflict${number}`)) number++;
  const { outcome, account } = await deps.session.run({
    kind: 'move-one',
    from: { remote: deps[side], path },
    to: { remote: deps[side], path: `${path}.conflict${number}` },
  });
  if (outcome === 'done') return undefined;
  const said = account.errors[0]?.message ?? outcome;
  return `both sides have changed it, and neither was carried: ${troubleOf({ path, message: said }).sentence}`;
}
