import { WorkspaceSyncError } from '../../errors.ts';

/** The archive, or the compressed data around it, is not what it must be: the bytes were changed. */
export class ArchiveDamagedError extends WorkspaceSyncError {
  /** @param what - a clause that says what is wrong and where, without a full stop */
  constructor(what: string, cause?: unknown) {
    super(`The archive is damaged: ${what}. Use another snapshot.`, {
      code: 'archive-damaged',
      retryable: false,
      cause,
    });
  }
}

/** The archive, or the compressed data around it, ends too early. */
export class ArchiveTruncatedError extends WorkspaceSyncError {
  /** @param what - a clause that says what breaks off and where, without a full stop */
  constructor(what: string, cause?: unknown) {
    super(`The archive is incomplete: ${what}. Use another snapshot.`, {
      code: 'archive-truncated',
      retryable: false,
      cause,
    });
  }
}

/** The archive claims or holds more than its reader allows. */
export class ArchiveLimitError extends WorkspaceSyncError {
  /** @param what - a clause that says the value and the limit, without a full stop */
  constructor(what: string) {
    super(
      `The archive is larger than allowed: ${what}. If you trust it, read it with a higher limit.`,
      { code: 'archive-limit', retryable: false },
    );
  }
}

/** A member is stored as a sparse file: few bytes that may stand for a file of any size. */
export class SparseMemberError extends WorkspaceSyncError {
  constructor(path: string) {
    super(
      `${JSON.stringify(path)} is stored as a sparse file, which is refused because its size cannot be trusted. Make the archive without sparse files (tar without -S).`,
      { code: 'archive-sparse', retryable: false },
    );
  }
}

/** A file has a name that no archive can hold. */
export class UnarchivableNameError extends WorkspaceSyncError {
  constructor(path: string, why: string) {
    super(`${JSON.stringify(path)} cannot be put into an archive: ${why}. Rename the file.`, {
      code: 'unarchivable-name',
      retryable: false,
    });
  }
}
