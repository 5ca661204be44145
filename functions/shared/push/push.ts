import type { PlannedChange, RunPlan, RunReason, SkippedFile } from '../contract/index.ts';
import type { ListedFile } from '../rclone/listing.ts';
import { createPlan } from '../runtime/plan.ts';
import type { ObjectStore } from '../state/object-store.ts';
import { RcloneError } from '../rclone/session.ts';
import { applyPush, type PushOutcome, type PushPlaces } from './apply.ts';
import { guardDeletes, type DeleteLimits } from './guard.ts';
import { readManifest, writeManifest, type PushManifest, type Pushed } from './manifest.ts';
import {
  destinationIdentity,
  notSeenYet,
  pathKey,
  planPush,
  sourceIdentity,
  type PushPlan,
} from './plan.ts';

export interface PushOrder {
  agent: string;
  /** Names the pair of places: a manifest of another pair says nothing. */
  binding: string;
  source: ListedFile[];
  destination: ListedFile[];
  destinationFolders: string[];
  limits: Omit<DeleteLimits, 'firstPush'>;
  dryRun: boolean;
  fence: number;
}

export interface PushDeps {
  places: PushPlaces;
  /** Where a first push keeps what it replaces, even if the trash is switched off. */
  firstTrash: string;
  store: ObjectStore;
  /** The cloud folder's files as they are now. */
  relist: () => Promise<ListedFile[]>;
}

/** How a push ended. */
export interface PushResult {
  blocked?: RunReason;
  plan: RunPlan;
  filesSent: number;
  bytesSent: number;
  filesDeleted: number;
  retries: number;
  skipped: SkippedFile[];
  failures: number;
  timeUp: boolean;
}

/** Makes the cloud folder what the workspace is: planned, judged, then carried out. */
export async function push(order: PushOrder, deps: PushDeps): Promise<PushResult> {
  const manifest = await readManifest(deps.store, order.agent, order.binding);
  const plan = planPush({ ...order, manifest, caseInsensitive: deps.places.cloud.caseInsensitive });
  const blocked = guardDeletes(
    plan,
    { source: order.source.length, destination: order.destination.length },
    { ...order.limits, firstPush: manifest.files === undefined },
  );
  if (blocked || order.dryRun) return untouched(plan, blocked);

  const trash = manifest.files ? deps.places.trash : (deps.places.trash ?? deps.firstTrash);
  const outcome = await applyPush(plan, { ...deps.places, trash });
  const failures = await remember(order, deps, { plan, outcome, manifest });
  return {
    ...untouched(plan, undefined),
    filesSent: outcome.sent.size,
    bytesSent: [...outcome.sent.values()].reduce((sum, size) => sum + size, 0),
    filesDeleted: outcome.deleted.length,
    retries: outcome.retries,
    skipped: [...plan.skipped, ...failures],
    failures: failures.length,
    timeUp: outcome.timeUp,
  };
}

function untouched(plan: PushPlan, blocked: RunReason | undefined): PushResult {
  return {
    ...(blocked ? { blocked } : {}),
    plan: describePlan(plan),
    filesSent: 0,
    bytesSent: 0,
    filesDeleted: 0,
    retries: 0,
    skipped: plan.skipped,
    failures: 0,
    timeUp: false,
  };
}

interface Done {
  plan: PushPlan;
  outcome: PushOutcome;
  manifest: PushManifest;
}

/**
 * Looks at the cloud folder again and writes down what is known to be the same on both sides now.
 * @returns what could not be sent, a reason each.
 */
async function remember(order: PushOrder, deps: PushDeps, done: Done): Promise<SkippedFile[]> {
  const { plan, outcome, manifest } = done;
  const touched = [...plan.copy, ...plan.update, ...plan.compare];
  if (touched.length === 0 && outcome.deleted.length === 0 && sameFiles(plan, manifest)) {
    return outcome.errors.map(skippedOf);
  }
  const failed = new Map(outcome.errors.map((error) => [error.path ?? '', error.message]));
  const seen = outcome.timeUp ? undefined : await relistInTime(deps, outcome);
  const { files, missing } = nextManifest(deps, done, touched, { failed, seen });
  await writeManifest(deps.store, order.agent, order.fence, order.binding, files);
  return [...outcome.errors.map(skippedOf), ...missing.filter(({ path }) => !failed.has(path))];
}

/** A leg that ends while it looks has done its work all the same: the next leg looks. */
async function relistInTime(
  deps: PushDeps,
  outcome: PushOutcome,
): Promise<ListedFile[] | undefined> {
  try {
    return await deps.relist();
  } catch (error) {
    if (!(error instanceof RcloneError) || error.code !== 'rclone-time-up') throw error;
    outcome.timeUp = true;
    return undefined;
  }
}

function skippedOf({ path, message }: { path?: string; message: string }): SkippedFile {
  return { path: path ?? '', reason: message };
}

/** Whether the manifest already holds exactly the unchanged files, each as it is. */
function sameFiles({ unchanged }: PushPlan, { files }: PushManifest): boolean {
  return (
    files?.size === unchanged.length &&
    unchanged.every(({ path }) => (files.get(path)?.destination ?? notSeenYet) !== notSeenYet)
  );
}

function nextManifest(
  deps: PushDeps,
  { plan, outcome, manifest }: Done,
  touched: ListedFile[],
  { failed, seen }: { failed: Map<string, string>; seen: ListedFile[] | undefined },
): { files: Map<string, Pushed>; missing: SkippedFile[] } {
  const keyOf = pathKey(deps.places.cloud.caseInsensitive);
  const there = seen && new Map(seen.map((file) => [keyOf(file.path), file]));
  const files = new Map<string, Pushed>();
  const missing: SkippedFile[] = [];
  // Only rclone's word counts: a file of the right size may still be the old one. Where it was asked
  // to compare and everything went well, not sent means the same.
  const compared = new Set(outcome.errors.length === 0 && !outcome.timeUp ? plan.compare : []);
  const wasSent = (file: ListedFile): boolean => outcome.sent.has(file.path) || compared.has(file);
  for (const file of plan.unchanged) {
    const known = manifest.files?.get(file.path);
    const now = there?.get(keyOf(file.path));
    const fresh = known?.destination === notSeenYet && now ? destinationIdentity(now) : undefined;
    if (known) files.set(file.path, fresh === undefined ? known : { ...known, destination: fresh });
  }
  for (const file of touched) {
    if (failed.has(file.path)) continue;
    const source = sourceIdentity(file);
    const now = there?.get(keyOf(file.path));
    if (!there) {
      if (outcome.sent.has(file.path)) files.set(file.path, { source, destination: notSeenYet });
    } else if (!wasSent(file)) {
      missing.push({
        path: file.path,
        reason: 'it was not sent; it may be gone from the workspace',
      });
    } else if (now?.size === (outcome.sent.get(file.path) ?? file.size)) {
      files.set(file.path, { source, destination: destinationIdentity(now) });
    } else {
      missing.push({
        path: file.path,
        reason: 'it is not in the cloud folder after it was sent, or has another size there',
      });
    }
  }
  return { files, missing };
}

function describePlan(plan: PushPlan): RunPlan {
  const named = (files: ListedFile[]): PlannedChange[] =>
    files.map(({ path, size }) => ({ path, bytes: size, side: 'cloud' }));
  return createPlan({
    copy: named(plan.copy),
    update: named([...plan.update, ...plan.compare]),
    delete: named(plan.delete),
  });
}
