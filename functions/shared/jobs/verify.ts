import { hash } from 'node:crypto';
import * as z from 'zod';
import { isoTime } from '../clock.ts';
import type { AgentConfig } from '../config/index.ts';
import { stateKeys } from '../contract/index.ts';
import type { JobResult } from '../runtime/report.ts';
import type { RunContext } from '../runtime/run.ts';
import { NoKeyError } from '../snapshot/encryption/errors.ts';
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
import { underLease } from './leased.ts';
import { choose, keysOf } from './snapshot-choice.ts';
import { underCredentials, withPlaces } from './snapshot-places.ts';

const progressSchema = z.object({
  runId: z.string(),
  snapshot: z.string(),
  from: z.object({ segment: z.int(), offset: z.int() }),
  to: z.int(),
});

/** Reads a snapshot back and records what came of it beside its manifest: one leg of it. */
export function verify(context: RunContext, agent: AgentConfig): Promise<JobResult> {
  return underLease(context, `agents/${agent.name}/verify`, ({ fence }) =>
    withPlaces(context, agent, {}, (places) =>
      underCredentials(context, places, () =>
        verifyLeg({ context, agent, store: places.store, fence }),
      ),
    ),
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
  if (leg > 1 && before?.runId !== runId) return lost();
  const catalog = await readCatalog(store, agent.name);
  const wanted = before?.snapshot ?? request.snapshot;
  const chosen = choose(catalog, wanted, { agent, store, now: runtime.clock.now() });
  const percent = request.percent ?? 100;
  const record = (
    outcome: Pick<Verification, 'passed' | 'method' | 'problem'>,
  ): Promise<Verification> => recordOutcome(work, chosen, { ...outcome, percent });
  try {
    const { method, leg: done } = await readBack(work, chosen, { percent, before });
    const counters = { filesVerified: done.files, bytesVerified: done.bytes };
    if (done.next) return { state: 'continued', ...counters };
    const verification = await record({ passed: true, method });
    return { ...verdict(catalog, wanted), ...counters, ...summary(chosen, verification, method) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const verification = await record({
      passed: false,
      method: 'contents',
      problem: error.message,
    });
    const reason = { code: 'snapshot-damaged', message: error.message };
    return { state: 'failed', reason, ...summary(chosen, verification, 'contents') };
  }
}

interface Progress {
  percent: number;
  before: z.infer<typeof progressSchema> | undefined;
}

async function readBack(
  work: Work,
  chosen: CatalogSnapshot,
  { percent, before }: Progress,
): Promise<{ method: Verification['method']; leg: VerifiedLeg }> {
  const { context, agent, store, fence } = work;
  const { runtime, budget, runId } = context;
  const reader = await openOrNot(work, chosen);
  if (!reader) return { method: 'objects', leg: await verifyObjects(store, chosen.manifest) };
  const seed = hash('sha256', runId, 'buffer').readUInt32BE();
  const stretch = before ?? stretchOf(reader.last, percent, seed);
  const leg = await verifyStretch(reader, stretch, () => budget.remaining() === 0);
  if (leg.next) {
    const progress = { runId, snapshot: chosen.id, from: leg.next, to: stretch.to };
    await writeFenced(runtime.store, keyOf(agent), fence, progress);
  }
  return { method: 'contents', leg };
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

function lost(): JobResult {
  const message = 'How far the verification had come is not in the state bucket; start it again.';
  return { state: 'failed', reason: { code: 'checkpoint-lost', message } };
}

function keyOf({ name }: AgentConfig): string {
  return stateKeys.backup(name, 'verify.json');
}
