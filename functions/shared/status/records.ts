import * as z from 'zod';
import {
  jobs,
  stateKeys,
  triggers,
  type DeadLetters,
  type Job,
  type Paused,
  type RunningRecord,
} from '../contract/index.ts';
import { budgetSchema, capOf, pauseOf } from '../cost/budget.ts';
import { monthOf } from '../cost/month.ts';
import { statusSchema, type JobStatus } from '../runtime/job-status.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { readJson } from '../state/json.ts';
import type { ObjectStore } from '../state/object-store.ts';

/** What is written down of one job of an agent. */
export interface JobRecords {
  status?: JobStatus;
  running?: RunningRecord;
}

/** What is written down of an agent; all that its status is made of. */
export interface AgentRecords {
  jobs: Partial<Record<Job, JobRecords>>;
  deadLetters: DeadLetters[];
  paused?: Paused;
  /** What its webhook has said lately, where there is one. */
  webhook?: WebhookRecord;
  /** Keys of records that could not be read, and queues that could not be asked. */
  unreadable: string[];
}

const count = z.number().nonnegative();

/** Of what `notify` remembers of an agent. */
const webhookSchema = z.object({
  /** Requests in a row that were not accepted. */
  consecutiveFailures: count,
  /** Set while the gateway has refused the token that is stored. */
  refused: z.unknown().optional(),
});

export type WebhookRecord = z.infer<typeof webhookSchema>;
const amount = z.object({ files: count, bytes: count });

const runningSchema: z.ZodType<RunningRecord> = z.object({
  version: z.literal(1),
  job: z.enum(jobs),
  agent: z.string(),
  runId: z.string(),
  trigger: z.enum(triggers),
  leg: z.int().positive(),
  startedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  state: z.enum(['running', 'between-legs', 'ended']),
  doing: z.string().exactOptional(),
  done: amount,
  total: amount.exactOptional(),
});

/** What concerns every agent of the deployment. */
export type SharedRecords = Pick<AgentRecords, 'deadLetters' | 'paused' | 'unreadable'>;

/** Reads what is written down of an agent; what cannot be read is named, and nothing is thrown. */
export async function readRecords(
  store: ObjectStore,
  agent: string,
  wanted: readonly Job[],
  shared: SharedRecords,
): Promise<AgentRecords> {
  const unreadable = [...shared.unreadable];
  const read = <T>(key: string, schema: z.ZodType<T>): Promise<T | undefined> =>
    readOrNote(store, key, schema, unreadable);
  const records = await Promise.all(
    wanted.map(async (job) => {
      const [status, running] = await Promise.all([
        read(stateKeys.status(agent, job), statusSchema),
        read(stateKeys.running(agent, job), runningSchema),
      ]);
      return [job, { ...(status ? { status } : {}), ...(running ? { running } : {}) }] as const;
    }),
  );
  const webhook = await read(stateKeys.notifications(agent), webhookSchema);
  const jobRecords = Object.fromEntries(records);
  return { ...shared, jobs: jobRecords, ...(webhook ? { webhook } : {}), unreadable };
}

/**
 * Why nothing but backups runs, where that is so. A record outlives the cap that it was written for:
 * without one nobody may delete it.
 */
export async function readPaused(
  { store, env }: Pick<Runtime, 'store' | 'env'>,
  now: number,
): Promise<Pick<SharedRecords, 'paused' | 'unreadable'>> {
  const cap = capOf(env);
  if (cap === undefined) return { unreadable: [] };
  const unreadable: string[] = [];
  const budget = await readOrNote(store, stateKeys.budget, budgetSchema, unreadable);
  const paused = pauseOf(budget, cap, monthOf(now));
  return { ...(paused ? { paused } : {}), unreadable };
}

async function readOrNote<T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
  unreadable: string[],
): Promise<T | undefined> {
  try {
    return (await readJson(store, key, schema))?.value;
  } catch {
    unreadable.push(key);
    return undefined;
  }
}
