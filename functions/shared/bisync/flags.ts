import type { Side } from '../contract/index.ts';
import { remoteFolder } from '../rclone/remote.ts';
import { marker } from './reasons.ts';
import { timesOf, type Sides } from './remotes.ts';

/** Whose version of a file wins that both sides have changed. */
export type Winner = 'newer' | 'path1' | 'path2';

/** One run of `rclone bisync`. */
export interface BisyncFlags {
  sides: Sides;
  workdir: string;
  filtersFile: string;
  winner: Winner;
  trash: string | undefined;
  checkAccess: boolean;
  dryRun: boolean;
  resync: boolean;
  /** Whole percent of a side's files. */
  maxDeletePercent: number;
  /** Goes on though there are too many deletes, or every file of a side was changed. */
  force: boolean;
}

/**
 * The flags of one run.
 *
 * A file is compared with what was remembered of its own side, by size and time. Where the times of a
 * side say nothing to rclone, whatever has changed is copied without another look: it would take a
 * file of the same size for the same. A resync compares both sides with each other, and reads files
 * whole where nothing else tells them apart; the times that it finds it leaves as they are, for on S3
 * setting one is a copy of the object.
 */
export function bisyncFlags(run: BisyncFlags): string[] {
  return [
    '--resilient',
    '--recover',
    '--max-lock=15m',
    `--workdir=${run.workdir}`,
    `--filters-file=${run.filtersFile}`,
    // The times of both sides need not be the same: see correctTimes.
    '--check-sync=false',
    '--no-cleanup',
    '--color=NEVER',
    `--conflict-resolve=${run.winner}`,
    '--conflict-loser=num',
    '--conflict-suffix=conflict',
    ...(run.resync
      ? [`--resync-mode=${run.winner}`, '--no-update-modtime', ...resyncCompare(run.sides)]
      : ['--compare=size,modtime', ...(isBlind(run.sides) ? ['--ignore-times'] : [])]),
    ...(run.trash === undefined ? [] : [...trash(run.sides, run.trash)]),
    ...(run.checkAccess ? ['--check-access', `--check-filename=${marker}`] : []),
    ...(run.force ? ['--force'] : [`--max-delete=${run.maxDeletePercent}`]),
    ...(run.dryRun ? ['--dry-run'] : []),
  ];
}

function resyncCompare(sides: Sides): string[] {
  return isBlind(sides)
    ? ['--compare=size,modtime,checksum', '--download-hash']
    : ['--compare=size,modtime'];
}

function isBlind({ workspace, cloud }: Sides): boolean {
  return [workspace, cloud].some((remote) => timesOf(remote) === 'unused');
}

function trash(sides: Sides, folder: string): string[] {
  const numbers: [Side, number][] = [
    ['workspace', 1],
    ['cloud', 2],
  ];
  return numbers.map(
    ([side, number]) => `--backup-dir${number}=${remoteFolder(sides[side], folder)}`,
  );
}
