import type { JobResult } from './report.ts';
import type { RunContext } from './run.ts';
import { isReported } from './status.ts';

/**
 * What is said of a run that has ended, or has been overtaken by another, when it is asked for again:
 * events are delivered more than once. Doing it again could undo what has happened since.
 */
export function alreadyOver(runId: string): JobResult {
  const message = `Run ${runId} is over; a request for it came once more and was left alone.`;
  return { state: 'skipped', reason: { code: 'run-is-over', message }, repeated: true };
}

/**
 * What becomes of a later leg that has done nothing: it was asked for once more and is left alone; or
 * somebody else has what it needs, and its run ends here. Then nobody else would ever tell of the run.
 */
export async function settleLaterLeg(
  { runtime, request, runId, leg }: RunContext,
  result: JobResult,
): Promise<JobResult> {
  if (!request.run || result.state !== 'skipped' || isAtWork(result)) return result;
  if (await isReported(runtime, { ...request, runId })) return { ...result, repeated: true };
  const message =
    `The run could not go on with leg ${leg}: ${overBecause(result)} ` +
    'What was finished stays finished, and the next run goes on from there.';
  return { state: 'failed', reason: { code: 'overtaken', message } };
}

/** Another copy of the very request has it in its hands. */
function isAtWork({ repeated, reason }: JobResult): boolean {
  return repeated === true && reason?.code === 'lease-held';
}

function overBecause({ repeated, reason }: JobResult): string {
  return repeated || !reason ? 'another run has begun since.' : reason.message;
}

/** Whether a request, by the id that it gives its run, asks once more for a run that has ended. */
export async function isRepeated({ runtime, request, runId }: RunContext): Promise<boolean> {
  const isFirst = request.runId !== undefined && !request.run;
  return isFirst && (await isReported(runtime, { ...request, runId }));
}
