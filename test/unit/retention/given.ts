import type { Candidate } from '../../../functions/shared/retention/select.ts';

/** A snapshot of that time, which is its id too. */
export function snapshotAt(time: number | string, more: Partial<Candidate> = {}): Candidate {
  const epoch = typeof time === 'number' ? time : Date.parse(time);
  return { id: new Date(epoch).toISOString(), time: epoch, dated: 'created', ...more };
}
