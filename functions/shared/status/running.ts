import { epochOf } from '../clock.ts';
import type { RunningRecord } from '../contract/index.ts';
import type { JobRecords } from './records.ts';

/** A run at work writes every few seconds: silent for so long, it was killed. */
const silentMs = 2 * 60_000;

/** The next leg is started by an event, which is tried again for an hour where that fails. */
const betweenLegsMs = 15 * 60_000;

/** The run that is at work, if one is; one that has gone silent is not. */
export function atWork(records: JobRecords, now: number): RunningRecord | undefined {
  const record = unended(records);
  return record && !isSilent(record, now) ? record : undefined;
}

/** A run that was at work and has not been heard of since. */
export function died(records: JobRecords, now: number): RunningRecord | undefined {
  const record = unended(records);
  return record && isSilent(record, now) ? record : undefined;
}

/** The status is written at the very end: a run that stands there has ended, whatever its record says. */
function unended({ running, status }: JobRecords): RunningRecord | undefined {
  if (!running || running.state === 'ended' || running.runId === status?.lastRunId)
    return undefined;
  const isOld = status && epochOf(status.lastFinishedAt) > epochOf(running.updatedAt);
  return isOld ? undefined : running;
}

function isSilent({ state, updatedAt }: RunningRecord, now: number): boolean {
  return now - epochOf(updatedAt) > (state === 'running' ? silentMs : betweenLegsMs);
}
