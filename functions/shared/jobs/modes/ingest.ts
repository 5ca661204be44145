import { ingestFolder, type SyncConfig } from '../../config/index.ts';
import {
  environment,
  stateKeys,
  workspacePrefix,
  type RunPlan,
  type SkippedFile,
} from '../../contract/index.ts';
import { generalTrouble } from '../../one-way/apply.ts';
import { identity, notSeenYet, readManifest, writeManifest } from '../../one-way/manifest.ts';
import type { Place } from '../../rclone/command.ts';
import { copyWatch } from '../../rclone/copied.ts';
import { excludeMatcher, excludesOf } from '../../rclone/filter.ts';
import { isMissingFolder, parseListing, type Listing } from '../../rclone/listing.ts';
import { RcloneError, type RcloneResult } from '../../rclone/session.ts';
import { explainErrors, longestWaitSeconds, type Trouble } from '../../rclone/trouble.ts';
import { createPlan } from '../../runtime/plan.ts';
import type { JobResult } from '../../runtime/report.ts';
import { required } from '../../runtime/runtime.ts';
import { listPrefix } from '../../workspace/listing.ts';
import { below, bindingOf } from '../../workspace/places.ts';
import type { Cycle } from '../cycle.ts';
import { partial } from '../delivery-report.ts';
import { planIngest, type IngestPlan } from './ingest-plan.ts';
import { largestFile, rateLimited } from './one-way.ts';

/** What the mirror leaves alone, on both sides, so that it cannot delete what ingest holds. */
export function ingestExcludes({
  ingest: isOn,
  mode,
  localPath,
  ingestPath,
}: SyncConfig): string[] {
  return isOn && mode === 'mirror' && localPath === '' ? excludesOf(ingestPath) : [];
}

/**
 * Copies up what the cloud folder does not have. It adds only: what has changed since, on either
 * side, stays as it is in the cloud folder, and the report names what therefore was not sent.
 */
export async function ingest(cycle: Cycle, dryRun: boolean): Promise<JobResult> {
  const { context, agent, session, cloud, workspace, fence } = cycle;
  const { store } = context.runtime;
  const from = { remote: workspace, path: ingestFolder(agent.sync) };
  const to = { remote: cloud, path: agent.sync.ingestPath };
  const excluded = excludeMatcher(agent.sync.exclude);
  const key = stateKeys.ingestManifest(agent.name);
  // What was copied from another folder, or to another, says nothing about these.
  const binding = bindingOf(below(workspace, from.path), below(cloud, to.path));
  const [local, remote] = await Promise.all([listIngest(cycle, from), list(cycle, to)]);
  const { files: known } = await readManifest(store, key, binding);
  const plan = await planIngest(
    {
      local,
      remote,
      known,
      // Patterns may be written from the cloud folder's root, or from that of the folder itself.
      isExcluded: (path) => excluded(path) || excluded(`${to.path}/${path}`),
      maxFileBytes: largestFile(cycle),
    },
    { session, from, to },
  );
  if (dryRun) return { ...partial(plan.skipped.length), plan: described(plan) };

  const result = await copy(cycle, plan, from, to);
  const copied = new Map(result?.account.copied.map(({ path, size }) => [path, size]));
  const done = [...plan.there, ...plan.copy.filter(({ path }) => copied.has(path))];
  const pairs = new Map(
    done.map((file) => [file.path, { workspace: identity(file), cloud: notSeenYet }]),
  );
  if (copied.size > 0 || pairs.size !== (known?.size ?? 0)) {
    await writeManifest(store, key, fence, { binding, settled: true, files: pairs });
  }
  const skipped = [...plan.skipped, ...notCopied(plan, copied, result)];
  return {
    ...partial(skipped.length, troubleIn(result)),
    ...(result?.outcome === 'time-up' ? { state: 'continued' } : {}),
    ...(result?.outcome === 'rate-limited'
      ? rateLimited(result.retryAfterSeconds ?? longestWaitSeconds, copied.size)
      : {}),
    filesSent: copied.size,
    bytesSent: [...copied.values()].reduce((sum, size) => sum + size, 0),
    apiRetries: result?.account.retries ?? 0,
    skipped,
  };
}

/** What stood in the way of more than one file. */
function troubleIn(result: RcloneResult | undefined): Trouble | undefined {
  return result && result.outcome !== 'done' ? generalTrouble(result) : undefined;
}

/** What appears in the cloud folder meanwhile stays as it is. */
async function copy(
  { session, context: { progress } }: Cycle,
  plan: IngestPlan,
  from: Place,
  to: Place,
): Promise<RcloneResult | undefined> {
  if (plan.copy.length === 0) return undefined;
  const files = plan.copy.map(({ path }) => path);
  progress.doing('adding to the cloud folder');
  progress.left({
    files: files.length,
    bytes: plan.copy.reduce((sum, { size }) => sum + size, 0),
  });
  const watch = copyWatch(({ size }) => {
    progress.done({ files: 1, bytes: size });
  });
  return session.run({ kind: 'copy-named', from, to, files, compare: 'keep' }, { watch });
}

function notCopied(
  { copy: wanted }: IngestPlan,
  copied: ReadonlyMap<string, number>,
  result: RcloneResult | undefined,
): SkippedFile[] {
  if (result === undefined || ['time-up', 'rate-limited'].includes(result.outcome)) return [];
  const reasons = new Map(
    explainErrors(result.account).map(({ path, sentence }) => [path, sentence]),
  );
  const other =
    result.outcome === 'done'
      ? 'it was not sent: it is gone from the workspace, or has appeared in the cloud folder'
      : new RcloneError('it could not be sent', result).message;
  return wanted
    .filter(({ path }) => !copied.has(path))
    .map(({ path }) => ({ path, reason: reasons.get(path) ?? other }));
}

function described({ copy: files }: IngestPlan): RunPlan {
  return createPlan({
    copy: files.map(({ path, size }) => ({ path, bytes: size, side: 'cloud' as const })),
  });
}

async function listIngest(cycle: Cycle, from: Place): Promise<Listing> {
  const { agent, context } = cycle;
  if (agent.workspace.kind !== 's3') return list(cycle, from);
  const bucket = required(context.runtime.env, environment.workspaceBucket);
  return listPrefix(context.runtime.s3, bucket, `${workspacePrefix(agent.name)}${from.path}/`);
}

/** A folder that is not there has no files yet. */
async function list({ session }: Cycle, from: Place): Promise<Listing> {
  const result = await session.run({ kind: 'list', from });
  if (isMissingFolder(result)) return { files: [], folders: [] };
  if (result.outcome !== 'done')
    throw new RcloneError('The ingest folder cannot be listed', result);
  return parseListing(result.stdout);
}
