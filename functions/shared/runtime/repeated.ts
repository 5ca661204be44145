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

/** Whether a request, by the id that it gives its run, asks once more for a run that has ended. */
export async function isRepeated({ runtime, request, runId }: RunContext): Promise<boolean> {
  const isFirst = request.runId !== undefined && !request.run;
  return isFirst && (await isReported(runtime, { ...request, runId }));
}
