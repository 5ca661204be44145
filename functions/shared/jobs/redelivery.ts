import type { JobResult } from '../runtime/report.ts';
import { madeProgress } from '../runtime/report.ts';
import type { RunContext } from '../runtime/run.ts';

/** Whether earlier legs of the run have done something: then there was a checkpoint of it. */
export function hasBegun({ request }: RunContext): boolean {
  return madeProgress({}, request.run?.totals ?? {});
}

/**
 * What a leg says whose run has ended, or has been overtaken by another: the event that asked for it
 * was delivered again. Doing it again could undo what has happened since.
 */
export function alreadyOver(runId: string): JobResult {
  const message = `Run ${runId} is over; a request for a leg of it came once more and was left alone.`;
  return { state: 'skipped', reason: { code: 'run-is-over', message } };
}
