import { stateKeys, type JobReport } from '../contract/index.ts';
import { readJson, StateCorruptError, type Versioned } from '../state/json.ts';
import type { WriteCondition } from '../state/object-store.ts';
import { nextStatus, statusSchema, type JobStatus } from './job-status.ts';
import type { Runtime } from './runtime.ts';

/** How often the status is written again when another run's report comes between. */
const statusAttempts = 5;

/**
 * Where the report of a run lies. The day is that of its id, so that who knows the id knows the key.
 */
export function historyKey({
  agent,
  job,
  runId,
}: Pick<JobReport, 'agent' | 'job' | 'runId'>): string {
  const day = runId.replace(/^(\d{4})(\d{2})(\d{2})T.*$/, '$1-$2-$3');
  return stateKeys.history(agent, day, `${runId}-${job}`);
}

/** Whether a run with this id has ended already. */
export async function isReported(
  { store }: Runtime,
  run: Pick<JobReport, 'agent' | 'job' | 'runId'>,
): Promise<boolean> {
  return (await store.get(historyKey(run))) !== undefined;
}

/** Keeps a report in the history, for whoever asked for the run. */
export async function keep(
  { store }: Runtime,
  report: JobReport,
  kept: () => Promise<void>,
): Promise<void> {
  await store.put(historyKey(report), JSON.stringify(report));
  await kept();
}

/**
 * Keeps a report: in the history always, in the job's status unless nothing was tried.
 * @param kept called as soon as the history has it
 */
export async function remember(
  runtime: Runtime,
  report: JobReport,
  kept: () => Promise<void>,
): Promise<void> {
  await keep(runtime, report, kept);
  if (report.state === 'skipped') return;
  const key = stateKeys.status(report.agent, report.job);
  for (let attempt = 0; attempt < statusAttempts; attempt++) {
    const current = await readStatus(runtime, key);
    const next = nextStatus(current === 'unreadable' ? undefined : current?.value, report);
    const condition = current === 'unreadable' ? undefined : conditionFor(current);
    if ((await runtime.store.put(key, JSON.stringify(next), condition)).written) return;
  }
  runtime.log.warn('the status could not be written: other runs ended at the same time', { key });
}

/** A status is a summary: one that cannot be read is begun anew, the history has the rest. */
async function readStatus(
  { store, log }: Runtime,
  key: string,
): Promise<Versioned<JobStatus> | 'unreadable' | undefined> {
  try {
    return await readJson(store, key, statusSchema);
  } catch (error) {
    if (!(error instanceof StateCorruptError)) throw error;
    log.warn('the status cannot be read and is begun anew', { key, error });
    return 'unreadable';
  }
}

function conditionFor(current: Versioned<JobStatus> | undefined): WriteCondition {
  return current ? { ifMatch: current.etag } : { ifAbsent: true };
}
