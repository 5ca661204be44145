import { madeProgress } from '../runtime/report.ts';
import type { RunContext } from '../runtime/run.ts';

/** Whether earlier legs of the run have done something: then there was a checkpoint of it. */
export function hasBegun({ request }: RunContext): boolean {
  return madeProgress({}, request.run?.totals ?? {});
}
