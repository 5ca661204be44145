import { bisync, type BisyncResult } from '../../bisync/bisync.ts';
import type { JobResult } from '../../runtime/report.ts';
import { bindingOf } from '../../workspace/places.ts';
import { confirmedDeletes, type Cycle } from '../cycle.ts';
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
  return report(result, dryRun);
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
