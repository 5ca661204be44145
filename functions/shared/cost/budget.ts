import * as z from 'zod';
import { isoTime } from '../clock.ts';
import {
  environment,
  type Job,
  metrics,
  type MonthUsage,
  type Paused,
  type RunReason,
  stateKeys,
} from '../contract/index.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { readJson, StateCorruptError, type Versioned } from '../state/json.ts';
import { listObjects } from '../state/list-objects.ts';
import { costOfRuns } from './cost-of.ts';
import { monthOf, monthUsageSchema } from './month.ts';

/** What lies in `budget.json`. */
export const budgetSchema = z.object({
  version: z.literal(1),
  month: z.string(),
  cap: z.number(),
  used: z.number(),
  since: z.string(),
});

/** Why the deployment is paused, in `budget.json`; there is none while it is not. */
export type Budget = z.infer<typeof budgetSchema>;

type Memory = Pick<Runtime, 'store' | 'env' | 'log'>;
type Counting = Memory & Pick<Runtime, 's3' | 'emit'>;

/** The jobs that the cap holds back. What backs up, restores, tidies or only looks goes on. */
const held: ReadonlySet<Job> = new Set<Job>(['sync', 'drain', 'verify']);

/**
 * Adds up what runs have used this month, tells it as the metric `MonthCost`, and, where there is a
 * cap, pauses the deployment or lets it go on. Meant for every five minutes.
 *
 * What is there whether or not anything runs (alarms, storage, the dashboard) is not in it: no pause
 * would make it less.
 * @returns the pause, where there is one now
 */
export async function checkBudget(runtime: Counting, now: number): Promise<Paused | undefined> {
  const month = monthOf(now);
  const usages = await usagesOf(runtime, month);
  const used = cents(costOfRuns(usages).reduce((sum, { dollars }) => sum + dollars, 0));
  runtime.emit(metrics.monthCost, used, {}, 'None');
  const cap = capOf(runtime.env);
  if (cap === undefined) return undefined;
  const before = await readBudget(runtime);
  if (used < cap) {
    if (before) await runtime.store.delete(stateKeys.budget);
    return undefined;
  }
  const since = before?.value.month === month ? before.value.since : isoTime(now);
  const paused: Paused = { month, cap, used, since };
  if (isNews(before?.value, paused)) await write(runtime, paused, before);
  runtime.emit(metrics.paused, 1, {});
  return paused;
}

/** Fractions of a cent are kept, tails of digits are not. */
function cents(dollars: number): number {
  return Number(dollars.toFixed(6));
}

/** What runs that were at work add after the pause has begun is not worth a write each time. */
function isNews(before: Budget | undefined, paused: Paused): boolean {
  return (
    before?.month !== paused.month ||
    before.cap !== paused.cap ||
    Math.abs(before.used - paused.used) >= paused.cap / 100
  );
}

/** Whoever was faster has seen the same month: nothing is lost where this does not write. */
async function write(
  { store }: Memory,
  paused: Paused,
  before: Versioned<Budget> | undefined,
): Promise<void> {
  const condition = before ? { ifMatch: before.etag } : ({ ifAbsent: true } as const);
  const budget: Budget = { version: 1, ...paused };
  await store.put(stateKeys.budget, JSON.stringify(budget), condition);
}

/** One that cannot be read pauses nothing, and is replaced. */
async function readBudget({ store, log }: Memory): Promise<Versioned<Budget> | undefined> {
  try {
    return await readJson(store, stateKeys.budget, budgetSchema);
  } catch (error) {
    if (!(error instanceof StateCorruptError)) throw error;
    log.warn('the budget cannot be read and is begun anew', { error });
    await store.delete(stateKeys.budget);
    return undefined;
  }
}

/**
 * Why a run of this job must not begin now; nothing where it may. Costs one request where the
 * deployment has a cap, and none where it has not.
 */
export async function heldBack(
  runtime: Memory,
  job: Job,
  now: number,
): Promise<RunReason | undefined> {
  const cap = capOf(runtime.env);
  if (cap === undefined || !held.has(job)) return undefined;
  const paused = pauseOf(await knownBudget(runtime), cap, monthOf(now));
  return paused && { code: 'paused', message: pausedText(paused) };
}

/** As {@link readBudget}, for runs: they may read it and not mend it. */
async function knownBudget({ store, log }: Memory): Promise<Budget | undefined> {
  try {
    return (await readJson(store, stateKeys.budget, budgetSchema))?.value;
  } catch (error) {
    log.warn('the budget cannot be read: the cap does not hold until it is', { error });
    return undefined;
  }
}

/**
 * The pause that a record stands for. A month that is over pauses nothing, nor does a cap that has
 * been raised since beyond what was used.
 */
export function pauseOf(
  budget: Budget | undefined,
  cap: number,
  month: string,
): Paused | undefined {
  if (budget?.month !== month || budget.used < cap) return undefined;
  const { used, since } = budget;
  return { month, cap, used, since };
}

/** A pause in a sentence, with what to do. */
export function pausedText({ month, cap, used }: Paused): string {
  return (
    `The deployment is paused: its runs have used about ${dollarText(used)} in ${month}, and ` +
    `"monthlyCap" is ${dollarText(cap)}. Backups go on; drops stay where they are and arrive ` +
    `afterwards. Raise "monthlyCap" and deploy, or wait for the next month.`
  );
}

/** Dollars for people: small sums with as many digits as say something. */
export function dollarText(dollars: number): string {
  if (dollars === 0 || dollars >= 0.1) return `$${dollars.toFixed(2)}`;
  return `$${Number(dollars.toPrecision(2))}`;
}

/** The cap of the deployment as it is now, in US dollars, where it has one. */
export function capOf(env: NodeJS.ProcessEnv): number | undefined {
  const cap = Number(env[environment.monthlyCap]);
  return cap > 0 ? cap : undefined;
}

const statusSchema = z.object({ usage: monthUsageSchema.exactOptional() });

/** Records as they were last read, by key: most of them are the same five minutes later. */
const seen = new Map<string, { etag: string; usage: MonthUsage | undefined }>();

/**
 * What the runs of every job of every agent have used in a month, agents among them that have left
 * the deployment since.
 */
export async function usagesOf(
  { s3, env, store, log }: Pick<Runtime, 's3' | 'env' | 'store' | 'log'>,
  month: string,
): Promise<MonthUsage[]> {
  const bucket = env[environment.stateBucket] ?? '';
  const usages: MonthUsage[] = [];
  for await (const { objects } of listObjects(s3, { bucket, prefix: 'status/' })) {
    const read = objects.map(({ Key, ETag = '' }) => usageIn({ store, log }, Key, ETag));
    usages.push(...(await Promise.all(read)).filter((usage) => usage !== undefined));
  }
  return usages.filter((usage) => usage.month === month);
}

async function usageIn(
  { store, log }: Pick<Runtime, 'store' | 'log'>,
  key: string,
  etag: string,
): Promise<MonthUsage | undefined> {
  const known = seen.get(key);
  if (known?.etag === etag && etag !== '') return known.usage;
  try {
    const usage = (await readJson(store, key, statusSchema))?.value.usage;
    seen.set(key, { etag, usage });
    return usage;
  } catch (error) {
    if (!(error instanceof StateCorruptError)) throw error;
    log.warn('a status cannot be read: what it says of the month is not counted', { key, error });
    return undefined;
  }
}
