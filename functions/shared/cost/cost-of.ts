import { epochOf } from '../clock.ts';
import type { Job, MonthUsage, RunUsage } from '../contract/index.ts';
import { effort } from './assumptions.ts';
import { type CostLine, line } from './line.ts';
import { addUsage, monthOf, noUsage } from './month.ts';
import { gigabyte, hoursPerMonth, prices } from './prices.ts';
import { standingLines, type Standing } from './standing.ts';

/** What the runs of one job of one agent have used in a month, as its status record says. */
export interface UsageRecord {
  agent: string;
  job: Job;
  usage: MonthUsage;
}

/** What runs have cost, by thing: what a pause would stop. */
export function costOfRuns(usages: readonly MonthUsage[]): CostLine[] {
  const all = usages.reduce<RunUsage>(addUsage, noUsage);
  const runs = sum(usages.map((usage) => usage.runs));
  const legs = sum(usages.map((usage) => usage.legs));
  return [
    line('Lambda, computing', all.gbSeconds, 'GB-seconds', prices.lambdaGbSecond),
    line('Lambda, calls', legs, 'calls', prices.lambdaCall),
    line(
      'S3, requests that write or list',
      all.awsRequests.write,
      'PUT, COPY, POST, LIST',
      prices.s3Write,
    ),
    line('S3, requests that read', all.awsRequests.read, 'GET, HEAD', prices.s3Read),
    line('Transfer out of AWS', all.bytesOut / gigabyte, 'GB', prices.gbOut),
    line('EventBridge, events and calls', runs + legs, 'events', prices.event),
    line('Secrets Manager, calls', 2 * legs, 'calls', prices.secretCall),
    line('CloudWatch, logs', (legs * effort.logBytes) / gigabyte, 'GB', prices.logGb),
  ];
}

/**
 * The cost of a month so far: what its runs have used, by their own records, and what the deployment
 * costs because it is there, for the share of the month that has passed.
 *
 * @param usages of the month, of agents that have left among them
 * @param elapsed share of the month that has passed, from 0 to 1
 * @param storedBytes bytes in the deployment's buckets, where somebody has looked
 */
export function costOf(
  usages: readonly UsageRecord[],
  config: Standing,
  { elapsed, storedBytes = 0 }: { elapsed: number; storedBytes?: number },
): CostLine[] {
  return [
    ...costOfRuns(usages.map(({ usage }) => usage)),
    metricsLine(usages, elapsed),
    ...standingLines(config, elapsed),
    ...storageLine(storedBytes, elapsed),
  ];
}

/** A metric costs for every hour in which it was set: a job that runs once an hour pays for all. */
function metricsLine(usages: readonly UsageRecord[], elapsed: number): CostLine {
  const hours = usages.map(
    ({ job, usage: { runs } }) => Math.min(runs, elapsed * hoursPerMonth) * metricsOf(job),
  );
  return line('CloudWatch, metrics of runs', sum(hours), 'metrics and hours', prices.metricHour);
}

/** Metrics that a run of a job sets. */
export function metricsOf(job: Job): number {
  return job in effort.metrics ? effort.metrics[job as keyof typeof effort.metrics] : 2;
}

/** What lies in the buckets, where it is known. */
export function storageLine(storedBytes: number, share: number): CostLine[] {
  if (storedBytes === 0) return [];
  return [line('S3, storage', (share * storedBytes) / gigabyte, 'GB and months', prices.s3GbMonth)];
}

/** The share of its month that has passed at a time, from 0 to 1. */
export function elapsedShare(now: number): number {
  const month = monthOf(now);
  const [year = 0, number = 0] = month.split('-').map(Number);
  const next = number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
  const [start, end] = [month, next].map((first) => epochOf(`${first}-01T00:00:00Z`));
  return (now - (start ?? now)) / ((end ?? now) - (start ?? now));
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((all, amount) => all + amount, 0);
}
