import { WorkspaceSyncError } from '../../errors.ts';

/** What is stored is not what the manifest vouches for: nothing of it may be taken for good. */
export class SnapshotDamagedError extends WorkspaceSyncError {
  constructor(snapshot: string, problem: string, cause?: unknown) {
    super(`Snapshot ${snapshot} is damaged: ${problem}.`, {
      code: 'snapshot-damaged',
      retryable: false,
      cause,
    });
  }
}

/** There is no such snapshot, or none at all. */
export class SnapshotMissingError extends WorkspaceSyncError {
  constructor(wanted: string, where: string, known: readonly string[]) {
    const choice =
      known.length === 0
        ? 'There is no snapshot of this agent'
        : `The newest are ${known.slice(0, 5).join(', ')}`;
    super(`Snapshot "${wanted}" is not in ${where}. ${choice}.`, {
      code: 'snapshot-missing',
      retryable: false,
    });
  }
}

/** An archive holds what a restore must not write; nothing of it was written. */
export class HostileArchiveError extends WorkspaceSyncError {
  constructor(snapshot: string, problems: readonly string[], count: number) {
    const more = count > problems.length ? `, and ${count - problems.length} more` : '';
    super(
      `Snapshot ${snapshot} holds files that must not be restored: ${problems.join('; ')}${more}. Nothing was written.`,
      { code: 'hostile-archive', retryable: false },
    );
  }
}
