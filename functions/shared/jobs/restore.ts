import * as z from 'zod';
import { bytesInWords } from '../bytes-in-words.ts';
import type { AgentConfig } from '../config/index.ts';
import {
  restoreTargets,
  stateKeys,
  type Amount,
  type RestoreTarget as TargetName,
} from '../contract/index.ts';
import type { JobResult } from '../runtime/report.ts';
import type { RunContext } from '../runtime/run.ts';
import {
  pluginSummary,
  readCatalog,
  summaryOf,
  type PluginSnapshot,
} from '../snapshot/read/catalog.ts';
import { SnapshotReader, type ArchivePosition } from '../snapshot/read/reader.ts';
import { verifyStretch } from '../snapshot/read/verify.ts';
import { previewPlugin, restorePlugin } from '../snapshot/restore/plugin.ts';
import { preview, restoreFiles } from '../snapshot/restore/restore.ts';
import { selectionOf } from '../snapshot/restore/selection.ts';
import { TargetOccupiedError, type RestoreTarget } from '../snapshot/restore/target.ts';
import { readFenced, writeFenced } from '../state/fenced.ts';
import { pruningMs, underLeases } from './leased.ts';
import { alreadyOver } from '../runtime/repeated.ts';
import { hasBegun } from './redelivery.ts';
import { legTime } from './leg-time.ts';
import { asksForMailboxes, liveSelection, targetFor, type ChosenTarget } from './restore-target.ts';
import { choose, keysOf, rejection } from './snapshot-choice.ts';
import { withPlaces, type SnapshotPlaces } from './snapshot-places.ts';

const progressSchema = z.object({
  runId: z.string(),
  snapshot: z.string(),
  target: z.enum(restoreTargets),
  /** Nothing is written yet: what nobody vouches for is read to its end first. */
  proving: z.boolean(),
  /** Everything is written: a leg that is asked for once more has nothing to do. */
  finished: z.boolean().exactOptional(),
  from: z.object({ segment: z.int(), offset: z.int() }),
});

/** Brings files back from a snapshot: one leg of it. */
export async function restore(context: RunContext, agent: AgentConfig): Promise<JobResult> {
  const { request } = context;
  const name = request.target ?? 'staging';
  const refused = refusal(name, request.confirm);
  if (refused) return refused;
  const work = (fence: number): Promise<JobResult> =>
    withPlaces(context, agent, { files: true, cloud: name === 'cloud' }, (places) =>
      restoreLeg({ context, agent, places, fence, name }),
    );
  if (request.dryRun === true) return work(0);
  return underLeases(context, scopesOf(agent, name), ({ fence }) => work(fence), pruningMs);
}

/**
 * What a restore holds while it is at work. Pruning has the same lease as every restore: nothing is
 * taken away from under it. Over the agent's files nobody else writes meanwhile: a sync would carry
 * a half of it away, or another file over it. A sync takes its own lease before that of the inbox, too.
 */
function scopesOf({ name: agent }: AgentConfig, target: TargetName): [string, ...string[]] {
  const retained = `agents/${agent}/retained`;
  if (target !== 'live') return [retained];
  return [`agents/${agent}/sync`, `agents/${agent}/inbox`, retained];
}

function refusal(name: TargetName, confirm: string | undefined): JobResult | undefined {
  if (name === 'live' && confirm === undefined) {
    const message =
      'A restore to "live" writes over the agent’s files. Restore to "staging" and look first; ' +
      'then say it with "confirm": "overwrite-live-files". Nothing was written.';
    return { state: 'blocked', reason: { code: 'live-unconfirmed', message } };
  }
  return undefined;
}

interface Work {
  context: RunContext;
  agent: AgentConfig;
  places: SnapshotPlaces;
  fence: number;
  name: TargetName;
}

async function restoreLeg(work: Work): Promise<JobResult> {
  try {
    return await restoreChosen(work);
  } catch (error) {
    const rejected = rejection(error, work.context);
    if (rejected) return rejected;
    throw error;
  }
}

async function restoreChosen(work: Work): Promise<JobResult> {
  const { context, agent, places } = work;
  const { runtime, request, runId, leg } = context;
  const last = leg > 1 ? await readFenced(runtime.store, keyOf(agent), progressSchema) : undefined;
  const before = last?.runId === runId ? last : undefined;
  if (before?.finished === true) return alreadyOver(runId);
  if (leg > 1 && !before && hasBegun(context)) return alreadyOver(runId);
  const catalog = await readCatalog(places.store, agent.name);
  const wanted = before?.snapshot ?? request.snapshot;
  const plugin = catalog.plugin.find(({ id }) => id === wanted);
  const chosen = targetFor(runtime, agent, places, { name: work.name, runId });
  if (leg === 1 && request.dryRun !== true && (await chosen.target.isOccupied())) {
    throw new TargetOccupiedError(chosen.target.description);
  }
  return orDiscard(work, chosen.target, async () => {
    if (plugin) return restorePluginSnapshot(work, plugin, chosen);
    const now = runtime.clock.now();
    const choice = { agent, store: places.store, now, trusted: true };
    const { id, bytes, manifest } = choose(catalog, wanted, choice);
    const keys = await keysOf(runtime, agent);
    const refused = unvouched(work, manifest.encryption !== null, id);
    if (refused) return refused;
    const reader = await SnapshotReader.open(places.store, {
      id,
      bytes,
      keys,
      hashes: false,
    });
    return restoreOwn(work, reader, chosen, before);
  });
}

async function restoreOwn(
  work: Work,
  reader: SnapshotReader,
  { target, policy }: ChosenTarget,
  before: z.infer<typeof progressSchema> | undefined,
): Promise<JobResult> {
  const { context, agent, fence, name } = work;
  const { runtime, request, runId } = context;
  const keepProgress = async (
    from: ArchivePosition,
    proving: boolean,
    finished = false,
  ): Promise<void> => {
    const progress = { runId, snapshot: reader.id, target: name, proving, from, finished };
    await writeFenced(runtime.store, keyOf(agent), fence, progress);
  };
  const time = legTime(context);
  const unused = new Set<string>();
  const selected = selectionOf(request.paths, unused);
  const wanted = name === 'live' ? liveSelection(selected) : selected;
  const found = await preview(reader, wanted, policy);
  const snapshot = summaryOf(reader.manifest);
  if (found.files === 0) return nothing(request.paths ?? [], reader.id);
  if (request.dryRun === true) {
    const notes = [totalOf(found), ...matchedNothing(unused)];
    return { state: 'succeeded', snapshot, wouldRestore: found.sample, warnings: notes };
  }
  const warnings = [...warningsFor(work, reader), ...matchedNothing(unused)];
  const { progress: meter } = context;
  const tell = (amount: Amount): void => {
    meter.done(amount);
  };
  // What nobody vouches for is read before it is written.
  const proof = reader.manifest.encryption === null ? reader.manifest : { files: 0, bytes: 0 };
  meter.total({ files: found.files + proof.files, bytes: found.bytes + proof.bytes });
  if (before?.proving ?? reader.manifest.encryption === null) {
    const stretch = { from: before?.from ?? { segment: 1, offset: 0 }, to: reader.last };
    meter.doing('reading the snapshot to its end before anything is written');
    const { files, bytes, next } = await verifyStretch(reader, stretch, time, tell);
    if (next) {
      await keepProgress(next, true);
      return { state: 'continued', filesVerified: files, bytesVerified: bytes };
    }
  }
  const beginning = { segment: firstOf(found.segments), offset: 0 };
  const from = before && !before.proving ? before.from : beginning;
  const selection = { wanted, segments: found.segments };
  meter.doing('writing files');
  const done = await restoreFiles(reader, selection, target, from, time, tell);
  const counters = { filesRestored: done.files, bytesRestored: done.bytes };
  if (done.next) {
    await keepProgress(done.next, false);
    return { state: 'continued', ...counters };
  }
  await target.finish();
  await keepProgress(from, false, true);
  return {
    state: 'succeeded',
    ...counters,
    snapshot,
    restoredTo: target.description,
    warnings: [...warnings, ...renamedIn(target)],
  };
}

/**
 * Where snapshots are to be encrypted, one that is not can have been put there by anybody who may
 * write to the storage, under the name of a good one too.
 */
function unvouched(
  { context: { request }, agent, name }: Work,
  encrypted: boolean,
  id: string,
): JobResult | undefined {
  if (encrypted || !agent.backup.encrypt) return undefined;
  if (request.acceptUnencrypted === true && name !== 'live') return undefined;
  const message =
    `Snapshot ${id} is not encrypted, so nothing proves who wrote it, and backup.encrypt is set. ` +
    (name === 'live'
      ? 'It is never restored over the agent’s files: restore it to "staging" and look first.'
      : 'If you know it, say so with "acceptUnencrypted": true. Nothing was written.');
  return { state: 'blocked', reason: { code: 'not-encrypted', message } };
}

function matchedNothing(paths: ReadonlySet<string>): string[] {
  return [...paths].map((path) => `${JSON.stringify(path)} matches nothing in the snapshot`);
}

function firstOf(segments: ReadonlySet<number>): number {
  let first = Infinity;
  for (const segment of segments) first = Math.min(first, segment);
  return first;
}

function renamedIn({ collisions = [] }: RestoreTarget): string[] {
  return collisions.map(
    (path) => `${JSON.stringify(path)} has a name that was taken there: it is under renamed/`,
  );
}

async function restorePluginSnapshot(
  { context, agent, name, places }: Work,
  plugin: PluginSnapshot,
  { target, policy }: ChosenTarget,
): Promise<JobResult> {
  const { request, runtime } = context;
  if (name === 'live') {
    const message = `Snapshot ${plugin.id} was written by the plugin, whose archives do not say what belongs where. Restore it to "staging" and move what you need.`;
    return { state: 'blocked', reason: { code: 'plugin-snapshot', message } };
  }
  const refused = unvouched(
    { context, agent, places, name, fence: 0 },
    plugin.encrypted,
    plugin.id,
  );
  if (refused) return refused;
  const { passphrase } = await keysOf(runtime, agent);
  const { store } = places;
  const source = {
    store,
    snapshot: plugin,
    passphrase,
    wanted: selectionOf(request.paths),
    timeUp: legTime(context).out,
  };
  context.progress.doing('restoring a snapshot of the plugin');
  const found = await previewPlugin(source, policy);
  const snapshot = pluginSummary(plugin);
  if (found.files === 0) return nothing(request.paths ?? [], plugin.id);
  if (request.dryRun === true) {
    return { state: 'succeeded', snapshot, wouldRestore: found.sample, warnings: [totalOf(found)] };
  }
  await restorePlugin(source, target, policy);
  await target.finish();
  const skipped = found.links.map(({ path, link }) => ({
    path,
    reason: `is a link to ${JSON.stringify(link)}; links are not restored`,
  }));
  const message = `${skipped.length} links were not restored: see skipped.`;
  return {
    ...(skipped.length > 0
      ? { state: 'partial', reason: { code: 'links', message } }
      : { state: 'succeeded' }),
    filesRestored: found.files,
    bytesRestored: found.bytes,
    snapshot,
    restoredTo: target.description,
    skipped,
  };
}

/** What a failed restore has written is not good for anything, and is removed again. */
async function orDiscard<T>(
  { context: { runtime, request } }: Work,
  target: ChosenTarget['target'],
  work: () => Promise<T>,
): Promise<T> {
  if (request.dryRun === true) return work();
  try {
    return await work();
  } catch (error) {
    await target.discard().catch((failure: unknown) => {
      runtime.log.warn('what was restored could not be removed', { error: failure });
    });
    throw error;
  }
}

function warningsFor(
  { agent, name, context: { request } }: Work,
  reader: SnapshotReader,
): string[] {
  const unencrypted = agent.backup.encrypt && reader.manifest.encryption === null;
  return [
    ...(unencrypted
      ? ['the snapshot is not encrypted, so nothing proves who wrote it: look at the files first']
      : []),
    ...(name === 'live' && asksForMailboxes(request.paths)
      ? ['files in _inbox and _outbox were left as they are']
      : []),
  ];
}

function nothing(paths: readonly string[], id: string): JobResult {
  const message = `Nothing in snapshot ${id} matches ${JSON.stringify(paths)}. A path is one of the snapshot, such as workspace/notes.md, workspace/_inbox/report.pdf or state/openclaw.json; without its first part it is looked for in the workspace. A dry run without paths lists them all.`;
  return { state: 'failed', reason: { code: 'nothing-matches', message }, rejected: true };
}

function totalOf({ files, bytes }: { files: number; bytes: number }): string {
  const many = files === 1 ? '1 file' : `${files} files`;
  return `${many} (${bytesInWords(bytes)}) would be restored`;
}

function keyOf({ name }: AgentConfig): string {
  return stateKeys.backup(name, 'restore.json');
}
