import { randomBytes } from 'node:crypto';
import { isoTime } from '../clock.ts';

/** A time in milliseconds since the epoch as ids of runs begin: `20261122T101500Z`. */
export function runStamp(epochMs: number): string {
  return isoTime(epochMs).replace(/[-:]|\.\d+/g, '');
}

/** An id for a run that begins, or is asked for, at this time. */
export function newRunId(epochMs: number): string {
  return `${runStamp(epochMs)}-${randomBytes(4).toString('hex')}`;
}
