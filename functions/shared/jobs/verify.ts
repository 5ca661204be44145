import { hash } from 'node:crypto';
import * as z from 'zod';
import { isoTime } from '../clock.ts';
import type { AgentConfig } from '../config/index.ts';
import { stateKeys, type Amount } from '../contract/index.ts';
import type { JobResult } from '../runtime/report.ts';
import { reasonOf, type RunContext } from '../runtime/run.ts';
import { NoKeyError } from '../snapshot/encryption/errors.ts';
import type { Manifest, Segment } from '../snapshot/manifest.ts';
import { verificationName } from '../snapshot/names.ts';
import {
  readCatalog,
  summaryOf,
  type Catalog,
  type CatalogSnapshot,
} from '../snapshot/read/catalog.ts';
import { isDamage } from '../snapshot/read/damage.ts';
import { SnapshotReader } from '../snapshot/read/reader.ts';
import { verifyObjects } from '../snapshot/read/verify-objects.ts';
import { formatVerification, type Verification } from '../snapshot/read/verification.ts';
import { stretchOf, verifyStretch, type VerifiedLeg } from '../snapshot/read/verify.ts';
import type { SnapshotStore } from '../snapshot/store/store.ts';
import { readFenced, writeFenced } from '../state/fenced.ts';
import { pruningMs, underLease } from './leased.ts';
import { legTime } from './leg-time.ts';
import { choose, keysOf, rejection } from './snapshot-choice.ts';
import { withPlaces } from './snapshot-places.ts';

const progressSchema = z.object({
  runId: z.string(),
  snapshot: z.string(),
  from: z.object({ segment: z.int(), offset: z.int() }),
  to: z.int(),
});

/** Reads a snapshot back and records what came of it beside its manifest: one leg of it. */
export function verify(context: RunContext, agent: AgentConfig): Promise<JobResult> {
  return underLease(
    context,
    `agents/${agent.name}/verify`,
    ({ fence }) =>
      withPlaces(context, agent, {}, ({ store }) => verifyLeg({ context, agent, store, fence })),
    pruningMs,
  );
}

interface Work {
  context: RunContext;
  agent: AgentConfig;
  store: SnapshotStore;
  fence: number;
}

async function verifyLeg(work: Work): Promise<JobResult> {
  const { context, agent, store } = work;
  const { runtime, request, leg, runId } = context;
  const before =
    leg > 1 ? await readFenced(runtime.store, keyOf(agent), progressSchema) : undefined;
  const progress = before?.runId === runId ? before : undefined;
  const catalog = await readCatalog(store, agent.name);
  const wanted = progress?.snapshot ?? request.snapshot;
  if (wanted === undefined && catalog.snapshots.length === 0 && catalog.damaged.length === 0) {
    return nothingYet(agent.name);
  }
  const found = catalog.damaged.length > 0 ? { damagedSnapshots: catalog.damaged } : {};
  let chosen: CatalogSnapshot;
  try {
    chosen = choose(catalog, wanted, { agent, store, now: runtime.clock.now() });
  } catch (error) {
    // Damage that was found has to be remembered, whatever was asked.
    const rejected = catalog.damaged.length === 0 ? rejection(error, context) : undefined;
    return rejected ?? { state: 'failed', reason: reasonOf(error), ...found };
  }
  return { ...found, ...(await verifyChosen(work, catalog, chosen, progress)) };
}

async function verifyChosen(
  work: Work,
  catalog: Catalog,
  chosen: CatalogSnapshot,
  progress: z.infer<typeof progressSchema> | undefined,
): Promise<JobResult> {
  const { agent } = work;
  const { request } = work.context;
  const wanted = progress?.snapshot ?? request.snapshot;
  const percent = request.percent ?? 100;
  const record = (
    outcome: Pick<Verification, 'passed' | 'method' | 'problem'>,
  ): Promise<Verification> => recordOutcome(work, chosen, { ...outcome, percent });
  let method: Verification['method'] = 'contents';
  try {
    // A manifest whose seal is broken is a finding, too.
    const reader = await openOrNot(work, chosen);
    if (!reader) method = 'objects';
    const done = await readBack(work, chosen, { reader, percent, before: progress });
    const counters = { filesVerified: done.files, bytesVerified: done.bytes };
    if (done.next) return { state: 'continued', ...counters };
    if (agent.backup.encrypt && chosen.manifest.encryption === null) {
      return { state: 'succeeded', ...counters, ...unvouched(chosen) };
    }
    const verification = await record({ passed: true, method });
    return { ...verdict(catalog, wanted), ...counters, ...summary(chosen, verification, method) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const verification = await record({
      passed: false,
      method,
      problem: error.message,
    });
    const reason = { code: 'snapshot-damaged', message: error.message };
    return { state: 'failed', reason, ...summary(chosen, verification, method) };
  }
}

interface Progress {
  reader: SnapshotReader | undefined;
  percent: number;
  before: z.infer<typeof progressSchema> | undefined;
}

async function readBack(
  work: Work,
  chosen: CatalogSnapshot,
  { reader, percent, before }: Progress,
): Promise<VerifiedLeg> {
  const { context, agent, store, fence } = work;
  const { runtime, runId } = context;
  const { manifest } = chosen;
  const seed = hash('sha256', runId, 'buffer').readUInt32BE();
  const share = reader ? percent : 100;
  const stretch = before ?? stretchOf(manifest.segments.length, share, seed);
  const time = legTime(context);
  const { progress: meter } = context;
  meter.doing('reading a snapshot back');
  const wanted = manifest.segments.slice(stretch.from.segment - 1, stretch.to);
  const amount = amountIn(manifest, wanted, reader !== undefined);
  // Of a stretch that is no longer whole nobody knows what there was in all.
  if (!before || (share === 100 && reader))
    meter.total(before ? { files: manifest.files, bytes: manifest.bytes } : amount);
  const read = (found: Amount): void => {
    meter.done(found);
  };
  const leg = reader
    ? await verifyStretch(reader, stretch, time, read)
    : await verifyObjects(store, manifest, stretch.from.segment, time, read);
  if (leg.next) {
    const progress = { runId, snapshot: chosen.id, from: leg.next, to: stretch.to };
    await writeFenced(runtime.store, keyOf(agent), fence, progress);
  }
  return leg;
}

/** What there is to read: sizes of files are known of the whole, those of objects of each segment. */
function amountIn(
  { files, bytes, segments }: Manifest,
  wanted: Manifest['segments'],
  opened: boolean,
): Amount {
  const count = (of: Manifest['segments'], size: (segment: Segment) => number): number =>
    of.reduce((sum, segment) => sum + size(segment), 0);
  const archive = (segment: Segment): number => segment.archive.archiveBytes;
  const share = count(wanted, archive) / Math.max(1, count(segments, archive));
  if (opened && wanted.length === segments.length) return { files, bytes };
  return {
    files: count(wanted, (segment) => segment.files.count),
    bytes: opened
      ? Math.ceil(bytes * share)
      : count(wanted, (segment) => segment.archive.bytes + segment.files.bytes),
  };
}

/** Nothing where this deployment has no key at all: one that can write snapshots and not read them. */
async function openOrNot(
  { context, agent, store }: Work,
  { id, bytes }: CatalogSnapshot,
): Promise<SnapshotReader | undefined> {
  const keys = await keysOf(context.runtime, agent);
  try {
    return await SnapshotReader.open(store, { id, bytes, keys });
  } catch (error) {
    if (error instanceof NoKeyError && Object.keys(keys).length === 0) return undefined;
    throw error;
  }
}

async function recordOutcome(
  { context, store }: Work,
  { id, sha256 }: CatalogSnapshot,
  outcome: Pick<Verification, 'passed' | 'method' | 'problem' | 'percent'>,
): Promise<Verification> {
  const verification: Verification = {
    format: 'workspace-sync-verification',
    version: 1,
    snapshot: id,
    manifest: sha256,
    runId: context.runId,
    at: isoTime(context.runtime.clock.now()),
    ...outcome,
  };
  await store.create(verificationName(id, context.runId), formatVerification(verification));
  return verification;
}

/** Without encryption it may be whole and still be anybody's: retention must not rely on it. */
function unvouched({ manifest }: CatalogSnapshot): Pick<JobResult, 'snapshot' | 'warnings'> {
  const warning =
    'the snapshot is whole, but not encrypted though backup.encrypt is set: nothing proves who wrote it, and it was not recorded as verified';
  return { snapshot: summaryOf(manifest), warnings: [warning] };
}

/** The snapshot is good; others that should be and are not must not stay unnoticed. */
function verdict(
  { damaged }: Catalog,
  wanted: string | undefined,
): Pick<JobResult, 'state' | 'reason'> {
  if (wanted !== undefined || damaged.length === 0) return { state: 'succeeded' };
  const list = damaged.map(({ id, problem }) => `${id}: ${problem}`).join('; ');
  const message = `The newest snapshot is good, but ${damaged.length} others are damaged: ${list}.`;
  return { state: 'failed', reason: { code: 'snapshot-damaged', message } };
}

function summary(
  { manifest }: CatalogSnapshot,
  verification: Verification,
  method: Verification['method'],
): Pick<JobResult, 'snapshot' | 'warnings'> {
  const closed =
    'this deployment has no key that opens the snapshot: its objects were held against the manifest, what is in them was not read';
  return {
    snapshot: summaryOf(manifest, verification),
    warnings: method === 'objects' ? [closed] : [],
  };
}

/** The schedule begins with the deployment, and the first snapshot comes later. */
function nothingYet(agent: string): JobResult {
  const message = `There is no snapshot of agent "${agent}" yet: there is nothing to verify.`;
  return { state: 'skipped', reason: { code: 'no-snapshot', message } };
}

function keyOf({ name }: AgentConfig): string {
  return stateKeys.backup(name, 'verify.json');
}
