import type { RunReason } from '../contract/index.ts';

/** The file by whose presence a side shows that it is the right one and can be read. */
export const marker = 'RCLONE_TEST';

/** Bisync does not know what both sides were: only a person can say that both may be joined. */
export function needsResync(agent: string, why: string): RunReason {
  const request = (dryRun: boolean): string =>
    JSON.stringify({ agent, resync: true, ...(dryRun ? { dryRun: true } : {}) });
  return {
    code: 'needs-resync',
    message:
      `Bisync cannot tell what was changed: ${why}. Nothing was changed. ` +
      'A resync joins both sides anew: each gets what only the other has, and what was deleted since ' +
      `comes back. Look at what it would do with ${request(true)}, then start it with ${request(false)}.`,
  };
}

/** A side lacks its marker. */
export function accessDenied(agent: string): RunReason {
  return {
    code: 'check-access',
    message:
      `The files named ${marker} are not the same on both sides: one of them may not be the right ` +
      'folder, or cannot be read. Nothing was changed. Look at both; then put an empty file of that ' +
      'name at the root of each, or let a resync make them: ' +
      `${JSON.stringify({ agent, resync: true })}.`,
  };
}
