import * as z from 'zod';
import { isoTime } from '../clock.ts';
import type { JobReport, MonthUsage, RunUsage } from '../contract/index.ts';

const amount = z.number().nonnegative();

/** Of {@link RunUsage}. */
export const usageSchema = z.object({
  gbSeconds: amount,
  awsRequests: z.object({ write: amount, read: amount }),
  bytesOut: amount,
});

/** Of {@link MonthUsage}. */
export const monthUsageSchema = usageSchema.extend({
  month: z.string(),
  runs: amount,
  legs: amount,
});

/** The usage of a run that has not begun. */
export const noUsage: RunUsage = {
  gbSeconds: 0,
  awsRequests: { write: 0, read: 0 },
  bytesOut: 0,
};

/** The month of a time in milliseconds since the epoch: `2026-11`, in UTC. */
export function monthOf(time: number): string {
  return isoTime(time).slice(0, 7);
}

/** Both together. */
export function addUsage(one: RunUsage, other: RunUsage): RunUsage {
  return {
    // Sums of tenths would otherwise grow tails of digits in reports that people read.
    gbSeconds: Number((one.gbSeconds + other.gbSeconds).toFixed(6)),
    awsRequests: {
      write: one.awsRequests.write + other.awsRequests.write,
      read: one.awsRequests.read + other.awsRequests.read,
    },
    bytesOut: one.bytesOut + other.bytesOut,
  };
}

/**
 * A job's month with one more run. What stands there of another month is over: reports in the history
 * still have it.
 */
export function withRun(
  before: MonthUsage | undefined,
  { finishedAt, legs, usage = noUsage }: Pick<JobReport, 'finishedAt' | 'legs' | 'usage'>,
): MonthUsage {
  const month = finishedAt.slice(0, 7);
  const known = before?.month === month ? before : { ...noUsage, runs: 0, legs: 0 };
  return { month, runs: known.runs + 1, legs: known.legs + legs, ...addUsage(known, usage) };
}
