import {
  stateKeys,
  type Direction,
  type PlannedChange,
  type RunPlan,
  type RunReason,
  type SkippedFile,
} from '../contract/index.ts';
import { systemClock } from '../clock.ts';
import { WorkspaceSyncError } from '../errors.ts';
import type { RcloneLine } from '../rclone/account.ts';
import { copiedIn, copyWatch } from '../rclone/copied.ts';
import type { ListedFile } from '../rclone/listing.ts';
import type { Remote } from '../rclone/remote.ts';
import type { Trouble } from '../rclone/trouble.ts';
import { createPlan } from '../runtime/plan.ts';
import type { ProgressMeter } from '../runtime/progress.ts';
import type { ObjectStore } from '../state/object-store.ts';
import { applyOneWay, type OneWayOutcome, type OneWayPlaces } from './apply.ts';
import { guardDeletes, overwritesOf, type DeleteLimits, type Precaution } from './guard.ts';
import { readManifest, writeManifest, type Manifest } from './manifest.ts';
import { planOneWay, type OneWayPlan, type PlanSides } from './plan.ts';
import { inStepNow, type Done } from './remember.ts';
import { nameOf, waysOf } from './sides.ts';

export interface OneWayOrder {
  agent: string;
  runId: string;
  direction: Direction;
  /** Names the pair of places: a manifest of another pair says nothing. */
  binding: string;
  source: ListedFile[];
  destination: ListedFile[];
  destinationFolders: string[];
  limits: Omit<DeleteLimits, 'precaution'>;
  /** Whether the mode says that the destination is the side that counts. */
  againstMode: boolean;
  /** Bytes of the largest file that one leg can carry. */
  maxFileBytes: number;
  dryRun: boolean;
  fence: number;
}

export interface OneWayDeps {
  places: OneWayPlaces;
  /** Where a first run keeps what it replaces, even if the trash is switched off. */
  firstTrash: string | undefined;
  store: ObjectStore;
  /** The destination's files as they are now. */
  relist: () => Promise<ListedFile[]>;
  progress: ProgressMeter;
}

/** How a run one way ended. */
export interface OneWayResult {
  blocked?: RunReason;
  plan: RunPlan;
  files: number;
  bytes: number;
  filesDeleted: number;
  retries: number;
  skipped: SkippedFile[];
  timeUp: boolean;
  /** What the leg did not come to, the largest first. */
  unfinished: ListedFile[];
  /** Seconds that the provider wants to be left alone for. */
  waitSeconds?: number;
  /** What stood in the way of the whole run, rather than of single files. */
  trouble?: Trouble;
}

/** Makes the destination what the source is: planned, judged, then carried out. */
export async function oneWay(order: OneWayOrder, deps: OneWayDeps): Promise<OneWayResult> {
  const manifest = await readManifest(deps.store, keyOf(order), order.binding);
  const plan = planOneWay({ ...order, manifest, ...whatPlacesAre(deps.places) });
  const precaution = precautionOf(order, manifest);
  const blocked = guardDeletes(
    plan,
    {
      direction: order.direction,
      source: order.source.length,
      destination: order.destination.length,
    },
    {
      ...order.limits,
      confirmDeletes: stillConfirmed(order, manifest),
      precaution,
    },
  );
  if (blocked || order.dryRun) return untouched(order, plan, blocked);

  const trash = deps.places.trash ?? (manifest.settled ? undefined : deps.firstTrash);
  const copiedAt = new Map<string, number>();
  const tell = tellProgress(order, deps, plan);
  const watch = (line: RcloneLine): void => {
    const file = copiedIn(line);
    if (file) copiedAt.set(file.path, systemClock.now());
    tell(line);
  };
  const outcome = await applyOneWay(plan, { ...deps.places, trash, watch });
  const overwritten = countOverwritten(order, manifest, overwritesOf(plan, precaution), outcome);
  const done = { plan, outcome, manifest, copiedAt };
  const failures = await remember(order, deps, done, overwritten);
  return {
    ...untouched(order, plan, undefined),
    files: outcome.sent.size,
    bytes: [...outcome.sent.values()].reduce((sum, size) => sum + size, 0),
    filesDeleted: outcome.deleted.length,
    retries: outcome.retries,
    skipped: [...plan.skipped, ...failures],
    timeUp: outcome.timeUp,
    unfinished: outcome.timeUp ? unfinishedOf(plan, outcome) : [],
    ...(outcome.trouble ? { trouble: outcome.trouble } : {}),
    ...(outcome.waitSeconds === undefined ? {} : { waitSeconds: outcome.waitSeconds }),
  };
}

function precautionOf({ againstMode }: OneWayOrder, { files }: Manifest): Precaution {
  if (againstMode) return 'against-mode';
  return files === undefined ? 'first' : 'none';
}

/** What earlier legs of the run have overwritten was confirmed with the rest, and is used up. */
function stillConfirmed({ limits, runId }: OneWayOrder, manifest: Manifest): number | undefined {
  if (limits.confirmDeletes === undefined) return undefined;
  return Math.max(0, limits.confirmDeletes - usedBy(runId, manifest));
}

function usedBy(runId: string, { overwritten }: Manifest): number {
  return overwritten?.runId === runId ? overwritten.files : 0;
}

function countOverwritten(
  { runId }: OneWayOrder,
  manifest: Manifest,
  confirmed: ListedFile[],
  { sent }: OneWayOutcome,
): Manifest['overwritten'] {
  const files = usedBy(runId, manifest) + confirmed.filter(({ path }) => sent.has(path)).length;
  return files === 0 ? undefined : { runId, files };
}

/** Says what there is to do, and then each file as rclone has copied it. */
function tellProgress(
  { direction }: OneWayOrder,
  { progress }: OneWayDeps,
  plan: OneWayPlan,
): (line: RcloneLine) => void {
  const files = toSend(plan);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  progress.doing(`copying to the ${nameOf[waysOf(direction).destination]}`);
  progress.left({ files: files.length, bytes });
  return copyWatch(({ size }) => {
    progress.done({ files: 1, bytes: size });
  });
}

function keyOf({ agent }: OneWayOrder): string {
  return stateKeys.syncManifest(agent);
}

/**
 * Checksums tell where both keep MD5. An object that was put together from parts has none, and without
 * one rclone would take equal sizes for equal files: where the listing does not show it, it is sent.
 */
function whatPlacesAre({
  source,
  destination,
}: OneWayPlaces): Pick<PlanSides, 'caseInsensitive' | 'comparable'> {
  const hasMd5 = (remote: Remote, { hash }: ListedFile): boolean =>
    remote.keepsMd5 && hash !== undefined && !hash.includes('-');
  return {
    caseInsensitive: destination.caseInsensitive,
    comparable: (from, to) => hasMd5(source, from) && hasMd5(destination, to),
  };
}

function untouched(
  { direction }: OneWayOrder,
  plan: OneWayPlan,
  blocked: RunReason | undefined,
): OneWayResult {
  return {
    ...(blocked ? { blocked } : {}),
    plan: describePlan(direction, plan),
    files: 0,
    bytes: 0,
    filesDeleted: 0,
    retries: 0,
    skipped: plan.skipped,
    timeUp: false,
    unfinished: [],
  };
}

function unfinishedOf(plan: OneWayPlan, { sent }: OneWayOutcome): ListedFile[] {
  return toSend(plan)
    .filter(({ path }) => !sent.has(path))
    .sort((a, b) => b.size - a.size);
}

function toSend({ copy, update, compare, resend }: OneWayPlan): ListedFile[] {
  return [...copy, ...update, ...compare, ...resend];
}

/**
 * Looks at the destination again and writes down what is known to be the same on both sides now.
 * @returns what could not be sent, a reason each.
 * @throws whatever keeps it from looking, once it is written down what was sent.
 */
async function remember(
  order: OneWayOrder,
  deps: OneWayDeps,
  done: Pick<Done, 'plan' | 'outcome' | 'manifest' | 'copiedAt'>,
  overwritten: Manifest['overwritten'],
): Promise<SkippedFile[]> {
  const { plan, outcome, manifest } = done;
  const touched = toSend(plan);
  const isQuiet = touched.length === 0 && outcome.deleted.length === 0;
  const look = isQuiet ? { files: order.destination } : await lookAgain(deps, outcome);
  const { files, missing, changed } = inStepNow({
    ...done,
    direction: order.direction,
    touched,
    destination: look.files,
    lookedAt: systemClock.now(),
    caseInsensitive: deps.places.destination.caseInsensitive,
  });
  // Until the deletes of a first run are done, what lies there may still be somebody else's.
  const settled = manifest.settled || (!outcome.timeUp && outcome.errors.length === 0);
  if (changed || settled !== manifest.settled) {
    const { store } = deps;
    await writeManifest(store, keyOf(order), order.fence, {
      binding: order.binding,
      settled,
      files,
      overwritten,
    });
  }
  if (look.fault !== undefined) throw look.fault;
  const failed = new Set(outcome.errors.map(({ path }) => path));
  return [
    ...outcome.errors.map(({ path, message }) => ({ path: path ?? '', reason: message })),
    ...missing.filter(({ path }) => !failed.has(path)),
  ];
}

/** The destination as it is now, if it can be looked at. */
interface LookAgain {
  files?: ListedFile[];
  fault?: WorkspaceSyncError;
}

/** A leg that ends before or while it looks has done its work all the same: the next leg looks. */
async function lookAgain(deps: OneWayDeps, outcome: OneWayOutcome): Promise<LookAgain> {
  if (outcome.timeUp) return {};
  try {
    return { files: await deps.relist() };
  } catch (fault) {
    if (!(fault instanceof WorkspaceSyncError)) throw fault;
    if (fault.code !== 'rclone-time-up') return { fault };
    outcome.timeUp = true;
    return {};
  }
}

function describePlan(direction: Direction, plan: OneWayPlan): RunPlan {
  const { destination } = waysOf(direction);
  const named = (files: ListedFile[]): PlannedChange[] =>
    files.map(({ path, size }) => ({ path, bytes: size, side: destination }));
  return createPlan({
    copy: named(plan.copy),
    update: named([...plan.update, ...plan.compare, ...plan.resend]),
    delete: named(plan.delete),
  });
}
