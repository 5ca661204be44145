import * as z from 'zod';
import { epochOf } from '../../functions/shared/clock.ts';
import { runStamp } from '../../functions/shared/runtime/run-id.ts';
import type { Job, JobReport } from '../../functions/shared/contract/index.ts';
import { inParallel } from '../../functions/shared/parallel.ts';
import { listAll } from '../aws/objects.ts';
import { orLeftOut, readState } from '../aws/state.ts';
import { bucketOf, type AgentContext } from '../context.ts';

/** Which reports are wanted. */
export interface Wanted {
  jobs?: readonly Job[];
  /** Runs that began at this time or later, milliseconds since the epoch. */
  since?: number;
  limit: number;
}

/** Reports are small, and a person waits. */
const parallel = 12;

/** What a report needs to be shown in a list; the rest is taken as it is. */
const listedSchema = z.looseObject({
  job: z.string(),
  agent: z.string(),
  runId: z.string(),
  trigger: z.string(),
  state: z.string(),
  reason: z.object({ code: z.string(), message: z.string() }).optional(),
  startedAt: z.string(),
  finishedAt: z.string(),
  durationMs: z.number(),
  skippedFiles: z.number(),
});

function isReport(value: unknown): value is JobReport {
  return listedSchema.safeParse(value).success;
}

/**
 * The newest reports of an agent, newest first. Ids of runs sort by the time of their beginning.
 * @param leftOut takes what is to be said of reports that cannot be read
 */
export async function newestReports(
  context: AgentContext,
  wanted: Wanted,
  leftOut: string[],
): Promise<JobReport[]> {
  const { clients, agent } = context;
  const bucket = bucketOf(context, 'State');
  const prefix = `history/${agent}/`;
  const days = await listAll(clients.s3, { bucket, prefix, delimiter: '/' });
  const first = wanted.since === undefined ? '' : runStamp(wanted.since);
  const keys: string[] = [];
  for (const day of days.prefixes.sort().reverse()) {
    if (keys.length >= wanted.limit) break;
    if (day.slice(prefix.length).replace(/\D/g, '') < first.slice(0, 8)) break;
    const { objects } = await listAll(clients.s3, { bucket, prefix: day });
    const names = objects.map(({ Key }) => Key).filter((key) => isWanted(key, wanted, first));
    keys.push(...names.sort().reverse());
  }
  const chosen = keys.slice(0, wanted.limit);
  const reports = await inParallel(parallel, chosen, (key) =>
    orLeftOut(readState(context, key, isReport), leftOut),
  );
  // The id is as old as the request, and a run may begin a while after that.
  return reports
    .filter((report) => report !== undefined)
    .sort((a, b) => epochOf(b.startedAt) - epochOf(a.startedAt));
}

function isWanted(key: string, { jobs }: Wanted, first: string): boolean {
  const [, runId = '', job] = /\/(\d{8}T\d{6}Z-[^-/]+)-(\w+)\.json$/.exec(key) ?? [];
  return runId >= first && (jobs === undefined || jobs.some((each) => each === job));
}
