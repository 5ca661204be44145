import type { PlannedChange, SkippedFile } from '../../contract/index.ts';
import type { OneWayResult } from '../../one-way/one-way.ts';
import { createPlan, mergePlans } from '../../runtime/plan.ts';
import type { JobResult } from '../../runtime/report.ts';
import { lookAtBothSides, makeMailboxes, type Cycle } from '../cycle.ts';
import { deliveryReport, partial } from '../delivery-report.ts';
import { drainOutbox, type Drained } from '../drain-outbox.ts';
import { oneWayReport, runOneWay } from './one-way.ts';

/** Pushes the workspace up, then drains the cloud folder's `_outbox`. */
export async function mailbox(cycle: Cycle, dryRun: boolean): Promise<JobResult> {
  const sides = await lookAtBothSides(cycle, 'push');
  if ('code' in sides) return { state: 'blocked', reason: sides };
  const result = await runOneWay(cycle, sides, 'push', dryRun);
  const pushed = oneWayReport('push', result, dryRun);
  if (dryRun) {
    const deliver = sides.drops.map(({ path, size }): PlannedChange => {
      return { path, bytes: size, side: 'workspace' };
    });
    const plan = mergePlans(pushed.plan ?? createPlan({}), createPlan({ deliver }));
    return { ...pushed, plan };
  }
  if (result.timeUp) return pushed;
  if (!result.blocked) await makeMailboxes(cycle, sides);
  const drained = await drainOutbox(cycle, sides.drops);
  return withDeliveries(pushed, result, drained, sides.undeliverable);
}

/** A push that was blocked is blocked, whatever was delivered beside it. */
function withDeliveries(
  pushed: JobResult,
  { trouble }: OneWayResult,
  drained: Drained | undefined,
  undeliverable: SkippedFile[],
): JobResult {
  const { undelivered, remaining, skipped, warnings, ...counts } = deliveryReport(
    drained === undefined || drained === 'busy' ? [] : [drained],
  );
  const unmoved = [...(pushed.skipped ?? []), ...undeliverable];
  const troubled = unmoved.length + undelivered;
  const ended = remaining > 0 ? ({ state: 'continued' } as const) : partial(troubled, trouble);
  return {
    ...pushed,
    ...counts,
    ...(pushed.state === 'blocked' ? {} : ended),
    skipped: [...unmoved, ...skipped],
    warnings:
      drained === 'busy'
        ? [...warnings, 'the _outbox was not drained: another delivery was under way']
        : warnings,
  };
}
