import { WorkspaceSyncError } from '../../errors.ts';

/** Errors that say something of the snapshot, not of the key, the storage or the network. */
const damage = new Set([
  'manifest',
  'snapshot-damaged',
  'snapshot-tampered',
  'snapshot-foreign-message',
  'archive-damaged',
  'archive-truncated',
  'archive-limit',
  'archive-sparse',
  'hostile-archive',
]);

/** Whether an error means that what is stored is not what was written. */
export function isDamage(error: unknown): error is WorkspaceSyncError {
  return error instanceof WorkspaceSyncError && damage.has(error.code);
}
