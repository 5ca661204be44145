import { folders, type Direction } from '../../contract/index.ts';
import { oneWay, type OneWayResult } from '../../one-way/one-way.ts';
import type { JobResult } from '../../runtime/report.ts';
import { WorkspaceSyncError } from '../../errors.ts';
import type { Listing } from '../../rclone/listing.ts';
import { bindingOf } from '../../workspace/places.ts';
import { confirmedDeletes, listCloud, listWorkspace, lookAtBothSides, syncable } from '../cycle.ts';
import type { Cycle, Sides } from '../cycle.ts';
import { partial } from '../delivery-report.ts';

/** One way for one run, in whatever mode: nothing but the files that both sides share. */
export async function oneWayRun(
  cycle: Cycle,
  direction: Direction,
  dryRun: boolean,
): Promise<JobResult> {
  const sides = await lookAtBothSides(cycle, direction);
  if ('code' in sides) return { state: 'blocked', reason: sides };
  return oneWayReport(direction, await runOneWay(cycle, sides, direction, dryRun), dryRun);
}

/** Makes one side what the other is. */
export async function runOneWay(
  cycle: Cycle,
  sides: Sides,
  direction: Direction,
  dryRun: boolean,
): Promise<OneWayResult> {
  const { context, agent, session, synced, cloud, fence } = cycle;
  const { sync } = agent;
  const push = direction === 'push';
  const [source, destination] = push
    ? [sides.workspace, sides.cloud]
    : [sides.cloud, sides.workspace];
  const trash = trashOf(cycle, direction);
  const result = await oneWay(
    {
      agent: agent.name,
      runId: context.runId,
      direction,
      binding: bindingOf(synced, cloud),
      source: source.files,
      destination: destination.files,
      destinationFolders: destination.folders,
      limits: {
        maxDeletePercent: sync.maxDeletePercent,
        maxDeleteFiles: sync.maxDeleteFiles,
        confirmDeletes: confirmedDeletes(context),
      },
      againstMode: sync.mode === (push ? 'mirror' : 'mailbox'),
      maxFileBytes: largestFile(cycle),
      dryRun,
      fence,
    },
    {
      places: {
        session,
        source: push ? synced : cloud,
        destination: push ? cloud : synced,
        trash: sync.trash ? trash : undefined,
        exclude: sides.exclude,
      },
      firstTrash: trash,
      store: context.runtime.store,
      progress: context.progress,
      relist: async () => {
        const listing = push ? await listCloud(cycle) : await listAgain(cycle);
        return syncable(sides.exclude, listing).files;
      },
    },
  );
  return { ...result, skipped: [...result.skipped, ...sides.unlisted] };
}

async function listAgain(cycle: Cycle): Promise<Listing> {
  const listing = await listWorkspace(cycle, 'pull');
  if (!('code' in listing)) return listing;
  throw new WorkspaceSyncError(listing.message, { code: listing.code, retryable: true });
}

/**
 * The folder of the destination that keeps what a run replaces there, by day and run. The deployment's
 * own bucket keeps older versions by itself.
 */
function trashOf(cycle: Cycle, direction: Direction): string | undefined {
  const keepsVersions = direction === 'pull' && cycle.agent.workspace.kind === 's3';
  return keepsVersions ? undefined : trashFolder(cycle);
}

/**
 * The folder, by day and run. Each later leg of a run has its own: what the one before has put there is
 * a person's, and what this one puts there under the same path may be nothing but our own copy.
 */
export function trashFolder({ context: { runId, leg } }: Cycle): string {
  const folder = `${folders.trash}/${runId.slice(0, 8)}/${runId}`;
  return leg === 1 ? folder : `${folder}-leg-${leg}`;
}

/** Bytes that pass in a second at the very best: a function's network does 50 to 90 MB/s. */
const fastest = 100e6;

/** What not even the fastest provider can take within one leg. */
export function largestFile({ context }: Cycle): number {
  return (context.budget.legMs / 1_000) * fastest;
}

/** A run one way as the run's report has it; with the plan where it was not carried out. */
export function oneWayReport(
  direction: Direction,
  result: OneWayResult,
  dryRun: boolean,
): JobResult {
  const { blocked, plan, files, bytes, filesDeleted, retries, skipped, timeUp } = result;
  const counts =
    direction === 'push'
      ? { filesSent: files, bytesSent: bytes }
      : { filesReceived: files, bytesReceived: bytes };
  return {
    ...partial(skipped.length, result.trouble),
    ...counts,
    filesDeleted,
    apiRetries: retries,
    skipped,
    ...(timeUp ? { state: 'continued', ...whatIsLeft(result) } : {}),
    ...(result.waitSeconds === undefined ? {} : rateLimited(result.waitSeconds, files)),
    ...(blocked ? { state: 'blocked', reason: blocked } : {}),
    ...(blocked || dryRun ? { plan } : {}),
    ...(direction === 'push' && !blocked && !timeUp && !dryRun ? { pushed: howMuch(result) } : {}),
  };
}

function howMuch({ skipped, waitSeconds }: OneWayResult): 'all' | 'some' {
  return skipped.length === 0 && waitSeconds === undefined ? 'all' : 'some';
}

/**
 * A provider that wants minutes of peace has them: nobody pays a function for sleeping, and the next
 * run goes on where this one stopped.
 */
export function rateLimited(seconds: number, done: number): Pick<JobResult, 'state' | 'reason'> {
  const message =
    `The provider asks to be left alone for ${seconds} s. What was finished stays finished; the next ` +
    'run goes on from there. Start it by hand after that time where there is no schedule.';
  return { state: done > 0 ? 'partial' : 'failed', reason: { code: 'rate-limited', message } };
}

/** What a run that gives up was at: the largest is the likeliest reason. */
function whatIsLeft({ unfinished }: OneWayResult): Pick<JobResult, 'unfinished'> {
  const [largest] = unfinished;
  if (!largest) return {};
  const name = `${JSON.stringify(largest.path)} (${largest.size} bytes)`;
  return { unfinished: `${unfinished.length} files are left, the largest is ${name}.` };
}
