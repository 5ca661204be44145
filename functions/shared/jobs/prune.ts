import type { AgentConfig } from '../config/index.ts';
import type { JobRequest, RetentionDecision, SkippedFile } from '../contract/index.ts';
import { epochOf } from '../clock.ts';
import { clockToleranceMs } from '../retention/effective-time.ts';
import { policyOf } from '../retention/policy.ts';
import { selectSnapshots } from '../retention/select.ts';
import type { JobResult } from '../runtime/report.ts';
import type { RunContext } from '../runtime/run.ts';
import { manifestName, timeOfId } from '../snapshot/names.ts';
import { readCatalog, type Catalog, type CatalogSnapshot } from '../snapshot/read/catalog.ts';
import type { SnapshotStore } from '../snapshot/store/store.ts';
import { BackupMemory } from './backup-memory.ts';
import { datedCandidates } from './first-seen.ts';
import { underLease } from './leased.ts';
import { oddities } from './list-snapshots.ts';
import { withPlaces } from './snapshot-places.ts';

/** Gives up the snapshots that retention does not keep, and what dead backups have left. */
export async function prune(context: RunContext, agent: AgentConfig): Promise<JobResult> {
  if (context.request.dryRun === true) {
    return withPlaces(context, agent, {}, ({ store }) =>
      pruneIn({ context, agent, store, fence: 0 }),
    );
  }
  // A restore has the one lease and a verification the other: nothing is taken from under them.
  return underLease(context, `agents/${agent.name}/retained`, ({ fence }) =>
    underLease(context, `agents/${agent.name}/verify`, () =>
      withPlaces(context, agent, {}, ({ store }) => pruneIn({ context, agent, store, fence })),
    ),
  );
}

interface Work {
  context: RunContext;
  agent: AgentConfig;
  store: SnapshotStore;
  fence: number;
}

async function pruneIn(work: Work): Promise<JobResult> {
  const { context, agent, store, fence } = work;
  const { runtime, request } = context;
  const memory = new BackupMemory(runtime.store, agent.name, fence);
  const refused = await confirmAnomaly(memory, request);
  if (refused) return refused;
  const catalog = await readCatalog(store, agent.name);
  const now = runtime.clock.now();
  const dryRun = request.dryRun === true;
  const candidates = await datedCandidates(runtime, agent.name, catalog, { now, fence, dryRun });
  const selected = selectSnapshots(candidates, policyOf(agent.backup.retain), {
    now,
    timeZone: agent.backup.timeZone,
  });
  const decisions = keepNewestWhole(selected, catalog, agent, now);
  const warnings = oddities(catalog);
  const hold = await memory.standingHold();
  // What a dry run was told to confirm still stands, and the one that it tries would not be held.
  if (hold && hold.snapshot !== request.confirmAnomaly) {
    const message =
      `Snapshot ${hold.snapshot} looks as if something had gone wrong: ${hold.anomalies.join('; ')}. ` +
      'Nothing is pruned until somebody has looked and says so: ' +
      `invoke prune with {"agent": "${agent.name}", "confirmAnomaly": "${hold.snapshot}"}.`;
    const reason = { code: 'anomaly-hold', message };
    return { state: 'blocked', reason, retention: decisions, warnings };
  }
  if (dryRun) return { state: 'succeeded', retention: decisions, warnings };
  work.context.progress.doing('deleting snapshots that retention no longer keeps');
  const removed = await removeSnapshots(store, catalog, decisions);
  const leftovers = await removeLeftovers(work, catalog, now);
  return report(removed, [...removed.failed, ...leftovers], warnings);
}

/**
 * The newest snapshot that holds every file it should is kept, whatever came after it; and the newest
 * such that has the workspace, for as long as the configuration names that.
 */
function keepNewestWhole(
  decisions: readonly RetentionDecision[],
  { snapshots }: Catalog,
  { backup: { include } }: AgentConfig,
  now: number,
): RetentionDecision[] {
  const whole = snapshots.filter((snapshot) => isWhole(snapshot, now));
  const withWorkspace = include.includes('workspace') ? whole.find(hasWorkspace) : undefined;
  const guards = new Map([
    [withWorkspace?.id, 'newest whole snapshot that has the workspace'],
    [whole[0]?.id, 'newest snapshot that misses no file'],
  ]);
  return decisions.map((decision) => {
    const reason = decision.keep ? undefined : guards.get(decision.id);
    return reason === undefined ? decision : { ...decision, keep: true, reasons: [reason] };
  });
}

function isWhole({ manifest, verification }: CatalogSnapshot, now: number): boolean {
  return (
    epochOf(manifest.createdAt) <= now + clockToleranceMs &&
    verification?.passed !== false &&
    manifest.files > 0 &&
    (manifest.warnings['unreadable'] ?? 0) + (manifest.warnings['cut'] ?? 0) === 0
  );
}

function hasWorkspace({ manifest: { include, missing } }: CatalogSnapshot): boolean {
  return include.includes('workspace') && !missing.includes('workspace');
}

/** A confirmation that confirms nothing is a mistake, and changes nothing; nor does a dry run. */
async function confirmAnomaly(
  memory: BackupMemory,
  { confirmAnomaly: snapshot, dryRun }: JobRequest,
): Promise<JobResult | undefined> {
  if (snapshot === undefined) return undefined;
  if (dryRun !== true && (await memory.confirm(snapshot))) return undefined;
  const standing = await memory.standingHold();
  if (dryRun === true && standing?.snapshot === snapshot) return undefined;
  const message = standing
    ? `The hold is on snapshot ${standing.snapshot}, not on ${snapshot}. Nothing was changed.`
    : `There is no hold on snapshot ${snapshot}. Nothing was changed.`;
  return { state: 'failed', reason: { code: 'no-such-hold', message }, rejected: true };
}

interface Removed {
  retention: RetentionDecision[];
  deleted: number;
  failed: SkippedFile[];
}

/**
 * The manifests first: from then on the snapshots do not exist. What is left of them by a prune that
 * dies here is what the next one finds without a manifest.
 */
async function removeSnapshots(
  store: SnapshotStore,
  catalog: Catalog,
  decisions: readonly RetentionDecision[],
): Promise<Removed> {
  const byId = new Map(catalog.snapshots.map((snapshot) => [snapshot.id, snapshot]));
  const doomed = decisions.flatMap(({ id, keep }) => {
    const snapshot = keep ? undefined : byId.get(id);
    return snapshot ? [snapshot] : [];
  });
  const manifests = await store.remove(doomed.map(({ id }) => manifestName(id)));
  const gone = doomed.filter(({ id }) => manifests.get(manifestName(id)) === 'removed');
  const objects = await store.remove(gone.flatMap(objectsOf));
  const goneIds = new Set(gone.map(({ id }) => id));
  return {
    deleted: gone.length,
    failed: [...failuresIn(manifests), ...failuresIn(objects)],
    retention: decisions.map((decision) => {
      if (decision.keep) return decision;
      return { ...decision, outcome: goneIds.has(decision.id) ? 'deleted' : 'pending' };
    }),
  };
}

function objectsOf({ id, objects }: CatalogSnapshot): string[] {
  return objects.filter((name) => name !== manifestName(id));
}

function failuresIn(outcomes: Awaited<ReturnType<SnapshotStore['remove']>>): SkippedFile[] {
  return [...outcomes].flatMap(([path, outcome]) =>
    outcome === 'removed' ? [] : [{ path, reason: outcome.failed }],
  );
}

/** A backup writes something at least every quarter of an hour: after two days it is dead. */
const leftoverAgeMs = 48 * 60 * 60_000;

/** Objects without a manifest that nobody can still be at work on. */
async function removeLeftovers(
  { store }: Work,
  { orphans }: Catalog,
  now: number,
): Promise<SkippedFile[]> {
  const newest = new Map<string, number>();
  for (const { id, object } of orphans) {
    // A clock that is behind, or a copy that keeps its times, must not make it look older.
    const time = Math.max(object.modified, timeOfId(id) || 0);
    newest.set(id, Math.max(newest.get(id) ?? 0, time));
  }
  const dead = [...newest].filter(([, time]) => time + leftoverAgeMs < now).map(([id]) => id);
  if (dead.length === 0) return [];
  // A listing may have missed a manifest: only where there is none on asking for it is it gone.
  const manifests = await store.readSmall(dead.map(manifestName));
  const ids = new Set(dead.filter((id) => !manifests.has(manifestName(id))));
  const names = orphans.filter(({ id }) => ids.has(id)).map(({ object }) => object.name);
  return failuresIn(await store.remove(names));
}

function report(
  { retention, deleted }: Removed,
  failed: SkippedFile[],
  warnings: string[],
): JobResult {
  const message = `${failed.length} objects could not be deleted, or are locked; the next prune tries again.`;
  return {
    ...(failed.length > 0
      ? { state: 'partial', reason: { code: 'deletes-pending', message } }
      : { state: 'succeeded' }),
    snapshotsDeleted: deleted,
    retention,
    skipped: failed,
    warnings,
  };
}
