import { randomBytes } from 'node:crypto';
import { isoTime, type Clock } from '../../functions/shared/clock.ts';

/** An id for a run that is about to be asked for, in the form of those that runs give themselves. */
export function newRunId(clock: Clock): string {
  const time = isoTime(clock.now()).replace(/[-:]|\.\d+/g, '');
  return `${time}-${randomBytes(4).toString('hex')}`;
}
