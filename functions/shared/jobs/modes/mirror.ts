import type { OneWayResult } from '../../one-way/one-way.ts';
import { createPlan, mergePlans } from '../../runtime/plan.ts';
import type { JobResult } from '../../runtime/report.ts';
import { lookAtBothSides, type Cycle } from '../cycle.ts';
import { partial } from '../delivery-report.ts';
import { ingest } from './ingest.ts';
import { oneWayReport, runOneWay } from './one-way.ts';

/** Makes the workspace what the cloud folder is; with `ingest`, what the agent puts there goes up. */
export async function mirror(cycle: Cycle, dryRun: boolean): Promise<JobResult> {
  const sides = await lookAtBothSides(cycle, 'pull');
  if ('code' in sides) return { state: 'blocked', reason: sides };
  const result = await runOneWay(cycle, sides, 'pull', dryRun);
  const pulled = {
    ...oneWayReport('pull', result, dryRun),
    ...(sides.cloudExists ? {} : { warnings: [noCloudFolder(cycle)] }),
  };
  if (!cycle.agent.sync.ingest || result.timeUp) return pulled;
  if (result.blocked && !dryRun) return pulled;
  return combine(pulled, result, await ingest(cycle, dryRun));
}

function noCloudFolder({ agent }: Cycle): string {
  const path = JSON.stringify(agent.sync.remotePath);
  return `the cloud folder ${path} does not exist yet: there is nothing to pull`;
}

function combine(
  pulled: JobResult,
  { trouble, blocked }: OneWayResult,
  ingested: JobResult,
): JobResult {
  const skipped = [...(pulled.skipped ?? []), ...(ingested.skipped ?? [])];
  const plans = [pulled.plan, ingested.plan].filter((plan) => plan !== undefined);
  return {
    ...pulled,
    ...ingested,
    ...partial(skipped.length, trouble),
    ...(ingested.state === 'continued' ? { state: 'continued' } : {}),
    ...(saysMore(ingested) && !trouble ? ended(ingested) : {}),
    ...(ingested.reason?.code === 'rate-limited' ? ended(ingested) : {}),
    ...(blocked ? { state: 'blocked', reason: blocked } : {}),
    apiRetries: (pulled.apiRetries ?? 0) + (ingested.apiRetries ?? 0),
    skipped,
    ...(plans.length > 0 ? { plan: mergePlans(createPlan({}), ...plans) } : {}),
  };
}

/** Whether it knows what stood in the way of more than one file. */
function saysMore({ state, reason }: JobResult): boolean {
  return state === 'partial' && reason?.code !== 'files-skipped';
}

function ended({ state, reason }: JobResult): Pick<JobResult, 'state' | 'reason'> {
  return { state, ...(reason ? { reason } : {}) };
}
