import { bisync, type BisyncResult } from '../../bisync/bisync.ts';
import type { SkippedFile } from '../../contract/index.ts';
import { isPlain } from '../../rclone/names.ts';
import type { JobResult } from '../../runtime/report.ts';
import { bindingOf } from '../../workspace/places.ts';
import { confirmedDeletes, listWorkspace, syncable, type Cycle } from '../cycle.ts';
import { partial } from '../delivery-report.ts';
import { trashFolder } from './one-way.ts';

/** Both ways: what has changed on either side since the last run comes to the other. */
export async function bisyncRun(cycle: Cycle, dryRun: boolean): Promise<JobResult> {
  const { context, agent, session, synced, cloud, exclude, fence } = cycle;
  const { runtime, request } = context;
  const { sync } = agent;
  const result = await bisync(
    {
      agent: agent.name,
      runId: context.runId,
      fence,
      binding: bindingOf(synced, cloud),
      dryRun,
      resync: request.resync === true,
      conflictResolve: sync.conflictResolve,
      checkAccess: sync.checkAccess,
      limits: {
        maxDeletePercent: sync.maxDeletePercent,
        maxDeleteFiles: sync.maxDeleteFiles,
        confirmDeletes: confirmedDeletes(context),
      },
    },
    {
      session,
      workspace: synced,
      cloud,
      exclude,
      // What a resync replaces nobody has looked at: it is kept, whatever the setting.
      trash: sync.trash || request.resync === true ? trashFolder(cycle) : undefined,
      store: runtime.store,
      temporaryFolder: cycle.scratchFolder,
      log: runtime.log,
      progress: context.progress,
    },
  );
  const strays = result.blocked || result.timeUp ? [] : await straysOf(cycle);
  return report({ ...result, skipped: [...result.skipped, ...strays] }, dryRun);
}

/** Objects that rclone passes over without a word: it knows no path for their keys. */
async function straysOf(cycle: Cycle): Promise<SkippedFile[]> {
  if (cycle.agent.workspace.kind !== 's3') return [];
  const listing = await listWorkspace(cycle, 'push');
  if ('code' in listing) return [];
  return syncable(cycle.exclude, listing)
    .files.filter(({ path }) => !isPlain(path))
    .map(({ path }) => ({ path, reason: 'its key is not a path: give it another name' }));
}

function report(result: BisyncResult, dryRun: boolean): JobResult {
  const { blocked, plan, retries, skipped, timeUp, trouble, ...counts } = result;
  return {
    ...partial(skipped.length, trouble),
    ...counts,
    apiRetries: retries,
    skipped,
    ...(timeUp ? { state: 'continued' } : {}),
    ...(blocked ? { state: 'blocked', reason: blocked } : {}),
    ...(blocked || dryRun ? { plan } : {}),
    ...(blocked || timeUp || dryRun ? {} : { pushed: skipped.length === 0 ? 'all' : 'some' }),
  };
}
