import { hash } from 'node:crypto';
import { isoTime } from '../clock.ts';
import { backupScope } from '../config/backup-scope.ts';
import { backupPlace, type AgentConfig } from '../config/index.ts';
import type { RunReason } from '../contract/index.ts';
import { WorkspaceSyncError } from '../errors.ts';
import { excludeMatcher } from '../rclone/filter.ts';
import type { JobResult } from '../runtime/report.ts';
import { reasonOf, type RunContext } from '../runtime/run.ts';
import {
  createEncryption,
  encryptionSoon,
  type Encryption,
} from '../snapshot/encryption/encryption.ts';
import { commit, packLeg, segmentLimits } from '../snapshot/pack/backup.ts';
import { checkpointsIn, type Checkpoint } from '../snapshot/pack/checkpoint.ts';
import {
  Findings,
  incomplete,
  warningsOf,
  type FindingsRecord,
} from '../snapshot/pack/findings.ts';
import { missingItems } from '../snapshot/pack/items.ts';
import type { Location } from '../snapshot/pack/location.ts';
import { incompleteness, summaryOf } from '../snapshot/read/catalog.ts';
import { SnapshotDamagedError } from '../snapshot/read/errors.ts';
import type { StoredObject } from '../snapshot/store/store.ts';
import { reservedInSnapshots } from '../snapshot/pack/reserved.ts';
import { ObjectExistsError } from '../snapshot/store/errors.ts';
import { withSecrets } from '../workspace/places.ts';
import { absence, absentItems, goneItems, goneText } from './absent-items.ts';
import { BackupMemory } from './backup-memory.ts';
import { producer } from './producer.ts';
import { placeRecoveryKit } from './recovery-kit.ts';
import { underLease } from './leased.ts';
import { alreadyOver } from '../runtime/repeated.ts';
import { hasBegun } from './redelivery.ts';
import { withPlaces, type SnapshotPlaces } from './snapshot-places.ts';

/** Takes a snapshot of an agent: one leg of it. */
export async function backup(context: RunContext, agent: AgentConfig): Promise<JobResult> {
  if (!agent.backup.enabled) {
    const message = `Agent "${agent.name}" has backup.enabled false: no snapshot is taken.`;
    return { state: 'skipped', reason: { code: 'off', message } };
  }
  return underLease(context, `agents/${agent.name}/backup`, ({ fence }) =>
    withPlaces(context, agent, { files: true }, (places) =>
      backupLeg({ context, agent, places, fence }),
    ),
  );
}

interface Work {
  context: RunContext;
  agent: AgentConfig;
  places: SnapshotPlaces;
  fence: number;
}

async function backupLeg(work: Work): Promise<JobResult> {
  const { context, agent, places, fence } = work;
  const { runtime, runId, leg, budget } = context;
  const checkpoints = checkpointsIn(runtime.store, agent.name, fence);
  const memory = new BackupMemory(runtime.store, agent.name, fence);
  const last = leg > 1 ? await checkpoints.load() : undefined;
  if (last?.id === runId && last.finished === true) return alreadyOver(runId);
  if (leg > 1 && last?.id !== runId && hasBegun(context)) return alreadyOver(runId);
  // A leg that had to wait for a credential has left nothing: there is nothing to go on from.
  const from = last?.id === runId ? last : await begin(work, memory);
  if (from.scope !== backupScope(agent) || from.manner !== mannerOf(agent))
    return reconfigured(runId);
  const opening = agent.backup.encrypt ? encryptionOf(work, from) : undefined;
  let saved = from;
  context.progress.doing('packing a snapshot');
  const expected = await memory.expected(from.scope);
  if (expected) context.progress.total(expected);
  const writer = {
    snapshot: { agent: agent.name, id: runId },
    store: places.store,
    encryption: opening && encryptionSoon(opening),
  };
  try {
    const { checkpoint, finished } = await packLeg(
      {
        writer,
        leg,
        locations: places.locations,
        excluded: excludeMatcher([...reservedInSnapshots, ...agent.backup.exclude]),
        limits: { ...segmentLimits, bytes: places.segmentBytes },
        timeUp: () => budget.remaining() === 0,
        packed: (amount) => {
          context.progress.done(amount);
        },
        onSegment: async (reached, fingerprints) => {
          const { length } = reached.segments;
          const key = await memory.keepFingerprints(from.slot, length, fingerprints);
          const keys = (await opening)?.keys ?? null;
          saved = { ...reached, keys, fingerprints: [...saved.fingerprints, key] };
          await checkpoints.save(saved);
        },
      },
      saved,
    );
    const complete = { ...checkpoint, fingerprints: saved.fingerprints };
    if (!finished) return { state: 'continued', ...countersSince(from, complete) };
    const ready = { ...writer, encryption: await opening };
    const result = await finish(work, { from, checkpoint: complete, writer: ready, memory });
    await checkpoints.save({ ...saved, finished: true });
    return result;
  } catch (error) {
    if (!isPassing(error)) throw error;
    // What is finished stays finished: another leg goes on from there, and gives up in the end.
    runtime.log.warn('the leg broke off and is tried again', { error });
    return {
      state: 'continued',
      ...countersSince(from, saved),
      warnings: [reasonOf(error).message],
    };
  }
}

/** Where a run begins: with what there is to read. */
async function begin({ context, agent, places }: Work, memory: BackupMemory): Promise<Checkpoint> {
  const { runtime, runId } = context;
  const baseline = await memory.baseline();
  const { include } = agent.backup;
  const missing = await missingOf(places.locations, include);
  if (missing.length === new Set(include).size) {
    throw new WorkspaceSyncError(
      `There is nothing to store: none of backup.include (${include.join(', ')}) exists for agent "${agent.name}". No snapshot was taken.`,
      { code: 'nothing-to-store', retryable: false },
    );
  }
  return {
    id: runId,
    createdAt: isoTime(runtime.clock.now()),
    scope: backupScope(agent),
    manner: mannerOf(agent),
    keys: null,
    missing,
    segments: [],
    packed: false,
    position: {},
    findings: new Findings().record(),
    slot: baseline?.slot === 'a' ? 'b' : 'a',
    fingerprints: [],
  };
}

async function missingOf(
  locations: readonly Location[],
  include: AgentConfig['backup']['include'],
): Promise<string[]> {
  const missing = await Promise.all(
    (['state', 'workspace'] as const).map(async (name) => {
      const location = locations.find((candidate) => candidate.name === name);
      const present = location ? await location.source.present(location.roots) : [];
      return missingItems(name, include, present);
    }),
  );
  return [...new Set(missing.flat())];
}

/** Segments of one snapshot lie in one place, and are all encrypted or none of them. */
function mannerOf(agent: AgentConfig): string {
  const manner = JSON.stringify([agent.backup.encrypt, backupPlace(agent)]);
  return hash('sha256', manner).slice(0, 32);
}

async function encryptionOf(
  { context, agent }: Work,
  { keys, segments }: Checkpoint,
): Promise<Encryption> {
  const { passphrase, kmsKeyArn, publicKey } = agent.backup;
  const secrets = await withSecrets(context.runtime, agent.name, 'passphrase', { passphrase });
  return createEncryption(
    {
      ...(secrets.passphrase === undefined ? {} : { passphrase: secrets.passphrase }),
      ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
      ...(publicKey === undefined ? {} : { publicKey }),
    },
    segments.length > 0 && keys ? keys : undefined,
  );
}

interface Finish {
  from: Checkpoint;
  checkpoint: Checkpoint;
  writer: Parameters<typeof commit>[0];
  memory: BackupMemory;
}

/** Declares the snapshot complete, and compares it with the one before. */
async function finish(
  { context, agent, places }: Work,
  { from, checkpoint, writer, memory }: Finish,
): Promise<JobResult> {
  const { runtime } = context;
  const { findings } = checkpoint;
  const baseline = await memory.baseline();
  if (findings.files === 0 && incomplete(findings).length > 0) throw new NothingReadableError();
  const objects = await places.store.list();
  assertWhole(checkpoint, objects);
  const kitWarnings = await placeRecoveryKit(runtime, places.store, objects);
  const { include } = agent.backup;
  const whole = {
    ...checkpoint,
    missing: absentItems(include, checkpoint.missing, findings.items),
  };
  const gone = goneItems(baseline, include, findings.items);
  const anomalies = [
    ...gone.map(goneText),
    ...(await memory.compare(checkpoint, baseline, agent.backup.anomalyPercent)),
  ];
  // A hold without its snapshot is a nuisance; a snapshot without its hold would push good ones out.
  if (anomalies.length > 0) {
    const since = isoTime(runtime.clock.now());
    await memory.hold({ snapshot: checkpoint.id, since, anomalies });
  }
  const { manifest, sha256 } = await commit(writer, whole, {
    agent: agent.name,
    producer: await producer(places.session),
    source: agent.workspace.kind,
    include,
    exclude: agent.backup.exclude,
    previous: baseline ? { id: baseline.snapshot, sha256: baseline.sha256 } : null,
    finishedAt: isoTime(runtime.clock.now()),
  });
  await memory.keepBaseline(checkpoint, sha256);
  const skipped = incomplete(findings);
  const fault =
    absence(manifest.missing, gone) ?? (skipped.length > 0 ? unreadable(findings) : undefined);
  return {
    ...(fault ? { state: 'partial', reason: fault } : { state: 'succeeded' }),
    ...countersSince(from, checkpoint),
    skipped,
    warnings: [
      ...missingWarning(manifest.missing),
      ...anomalies.map((text) => `anomaly: ${text}; nothing is pruned until somebody confirms it`),
      ...warningsOf(findings),
      ...kitWarnings,
    ],
    snapshotScope: checkpoint.scope,
    snapshot: { ...summaryOf(manifest), ...(anomalies.length > 0 ? { anomalies } : {}) },
  };
}

/** What earlier legs have written is still there, and whole, before a manifest vouches for it. */
function assertWhole({ id, segments }: Checkpoint, objects: readonly StoredObject[]): void {
  const sizes = new Map(objects.map(({ name, size }) => [name, size]));
  const problem = incompleteness({ segments }, sizes);
  if (problem !== undefined) throw new SnapshotDamagedError(id, problem);
}

/** Not one file could be read: what would be stored is no snapshot. */
class NothingReadableError extends WorkspaceSyncError {
  constructor() {
    super(
      'None of the files could be read, so no snapshot was made. Look at the rights of the backup function, and whether the workspace can be reached.',
      { code: 'nothing-readable', retryable: false },
    );
  }
}

function unreadable({ counts }: FindingsRecord): RunReason {
  const count = (counts['unreadable'] ?? 0) + (counts['cut'] ?? 0);
  const message = `${count} files are missing from the snapshot, or not whole in it: see skipped.`;
  return { code: 'files-unreadable', message };
}

function missingWarning(missing: readonly string[]): string[] {
  if (missing.length === 0) return [];
  return [`not there, and so not stored: ${missing.join(', ')}`];
}

/** Bytes of a file that a leg ended in count, too: a very large one takes many legs. */
function countersSince(
  before: Checkpoint,
  after: Checkpoint,
): Pick<JobResult, 'filesStored' | 'bytesStored'> {
  const bytes = ({ findings, position }: Checkpoint): number =>
    findings.bytes + (position.pending?.offset ?? 0);
  return {
    filesStored: after.findings.files - before.findings.files,
    bytesStored: bytes(after) - bytes(before),
  };
}

function reconfigured(runId: string): JobResult {
  const message =
    `What backup ${runId} reads, or where and how it writes, was changed while it went on: ` +
    'its parts would not make one snapshot. The next backup begins afresh.';
  return { state: 'failed', reason: { code: 'configuration-changed', message } };
}

/** Whether trying again may help: a busy storage, a broken connection. */
function isPassing(error: unknown): boolean {
  // An upload whose answer was lost leaves its name taken: the next leg writes under names of its own.
  if (error instanceof ObjectExistsError) return true;
  if (error instanceof WorkspaceSyncError) return error.retryable;
  if (!(error instanceof Error)) return false;
  const { $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  const isNetwork =
    error.name === 'TimeoutError' || ('code' in error && /^E[A-Z]+$/.test(String(error.code)));
  return status === undefined ? isNetwork : status >= 500 || status === 429;
}
