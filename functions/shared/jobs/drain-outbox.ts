import { environment, folders } from '../contract/index.ts';
import { deliver, type DeliveryResult } from '../mailbox/deliver.ts';
import type { Drop } from '../mailbox/delivery.ts';
import { beginDrops, finishDrops } from '../mailbox/pending.ts';
import { listOutbox, rcloneCarrier, rcloneInbox, rcloneOutbox } from '../mailbox/rclone-mailbox.ts';
import { s3Inbox } from '../mailbox/s3-inbox.ts';
import { required } from '../runtime/runtime.ts';
import { takeLease } from '../state/lease.ts';
import type { Cycle } from './cycle.ts';
import { announcements, tellOfDrops } from './delivery-report.ts';

/** What a drain of the cloud folder came to; `busy` when another delivery held the inbox. */
export type Drained = DeliveryResult | 'busy';

/** Delivers what lies in the cloud folder's `_outbox`; `undefined` where nothing does. */
export async function drainOutbox(cycle: Cycle, seen: Drop[]): Promise<Drained | undefined> {
  if (seen.length === 0) return undefined;
  const { context, agent, session, cloud, workspace, scratchFolder } = cycle;
  const { runtime, runId, budget } = context;
  const outbox = { session, remote: cloud, path: folders.outbox };
  const inbox = { session, remote: workspace, path: folders.inbox };
  const drops = await settledDrops(cycle, seen, () => listOutbox(outbox));
  const lease = await takeLease(runtime.store, runtime.clock, {
    scope: `agents/${agent.name}/inbox`,
    runId,
    leg: context.leg,
    deadline: budget.deadline,
  });
  if ('held' in lease) return 'busy';
  try {
    const pending = { store: runtime.store, agent: agent.name, fence: lease.fence };
    const begun = await beginDrops(pending, drops, runId);
    tellOfDrops(context, begun);
    const result = await deliver(
      { agent: agent.name, runId, drops: begun, maxDropBytes: agent.sync.maxDropBytes },
      {
        outbox: rcloneOutbox(outbox, 'cloud'),
        inbox:
          agent.workspace.kind === 's3'
            ? s3Inbox({
                client: runtime.s3,
                bucket: required(runtime.env, environment.workspaceBucket),
                agent: agent.name,
              })
            : rcloneInbox(inbox, scratchFolder),
        carrier: rcloneCarrier({
          from: outbox,
          to: inbox,
          store: runtime.store,
          agent: agent.name,
          fence: lease.fence,
        }),
        ...announcements(context, agent),
        budget,
        clock: runtime.clock,
        log: runtime.log,
      },
    );
    await finishDrops(pending, begun, result);
    return result;
  } finally {
    await lease.release();
  }
}

/** A file that is still growing is left for a later run: only what has not changed is taken. */
async function settledDrops(
  { context, agent }: Cycle,
  seen: Drop[],
  look: () => Promise<Drop[]>,
): Promise<Drop[]> {
  if (agent.sync.settle === 0) return seen;
  await context.runtime.clock.sleep(agent.sync.settle * 1_000);
  const before = new Map(seen.map(({ path, version }) => [path, version]));
  return (await look()).filter(({ path, version }) => before.get(path) === version);
}
