import type { AgentConfig } from '../config/index.ts';
import { eventTypes } from '../contract/index.ts';
import { announce } from '../mailbox/announce.ts';
import type { DeliveryDeps, DeliveryResult } from '../mailbox/deliver.ts';
import type { Trouble } from '../rclone/trouble.ts';
import { putEvent } from '../runtime/events.ts';
import type { JobResult } from '../runtime/report.ts';
import type { RunContext } from '../runtime/run.ts';

/** How a run tells of what it delivers and of what it puts aside. */
export function announcements(
  { runtime, runId, progress }: RunContext,
  agent: AgentConfig,
): Pick<DeliveryDeps, 'announce' | 'tellOfQuarantine'> {
  const about = { agent: agent.name, runId, notify: agent.sync.notifyOnInbox };
  return {
    announce: async (deliveries) => {
      await announce(runtime, about, deliveries);
      const bytes = sum(deliveries.map(({ size }) => size));
      progress.done({ files: deliveries.length, bytes });
    },
    tellOfQuarantine: (receipt) => putEvent(runtime, eventTypes.dropQuarantined, receipt),
  };
}

/** Says how many drops are to be delivered. */
export function tellOfDrops({ progress }: RunContext, drops: readonly { size: number }[]): void {
  progress.doing('delivering drops');
  progress.left({ files: drops.length, bytes: sum(drops.map(({ size }) => size)) });
}

/** The code of a drain that has left drops because its time was up: nothing is wrong with them. */
export const timeUpCode = 'time-up';

/** How a drain ends that has left so many drops. */
export function timeUp(remaining: number): Required<Pick<JobResult, 'state' | 'reason'>> {
  const message = `${remaining} drops were left when the time of the run was up. The next drain delivers them, within five minutes.`;
  return { state: 'partial', reason: { code: timeUpCode, message } };
}

/** The part of a report that speaks of deliveries. */
export type DeliveryReport = Required<
  Pick<
    JobResult,
    'filesDelivered' | 'bytesDelivered' | 'filesQuarantined' | 'skipped' | 'delivered' | 'warnings'
  >
> & {
  /**
   * Drops that are not where the person wanted them. What a link refuses is not among them: that is
   * what its limits are for, and whoever has the link could keep the agent's status from being well.
   */
  undelivered: number;
  /** Drops that were left because the time was up. */
  remaining: number;
};

/** Sums up one or more rounds of deliveries. */
export function deliveryReport(rounds: DeliveryResult[]): DeliveryReport {
  const delivered = rounds.flatMap((round) => round.delivered);
  const quarantined = rounds.flatMap((round) => round.quarantined);
  const refused = quarantined.filter(({ source }) => source.link !== undefined).length;
  return {
    filesDelivered: delivered.length,
    bytesDelivered: sum(delivered.map(({ size }) => size)),
    filesQuarantined: quarantined.length,
    skipped: rounds.flatMap((round) => round.skipped),
    delivered: delivered.map(({ name }) => name),
    warnings: [
      ...delivered
        .filter(({ flags }) => flags.includes('control-file'))
        .map(
          ({ name }) =>
            `${JSON.stringify(name)} bears the name of a file that steers an agent; it stays in _inbox`,
        ),
      ...(refused > 0
        ? [`${refused} drops were refused because their link does not allow them`]
        : []),
    ],
    undelivered: quarantined.length - refused + sum(rounds.map((round) => round.failures)),
    remaining: sum(rounds.map((round) => round.remaining)),
  };
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/**
 * How a run ends that could not handle some files.
 * @param trouble what stood in the way of all of them, where it was one thing
 */
export function partial(
  files: number,
  trouble?: Pick<Trouble, 'code' | 'sentence'>,
): Pick<JobResult, 'state' | 'reason'> {
  if (files === 0) return { state: 'succeeded' };
  const message = `${files} files could not be handled; each is listed with its reason.`;
  return {
    state: 'partial',
    reason: trouble
      ? { code: trouble.code, message: `${message} ${trouble.sentence}` }
      : { code: 'files-skipped', message },
  };
}
