import { WorkspaceSyncError } from '../../errors.ts';

/** A file as the listing of a source shows it. */
export interface SourceEntry {
  /** Below the source's root, with `/` between names. */
  path: string;
  size: number;
}

/** What is known of a file once it is being read: it may be another version than was listed. */
export interface SourceFacts {
  size: number;
  /** Milliseconds since the epoch. */
  modified: number;
  /** Permission bits, where the source has them. */
  mode?: number;
  /** Names this very version, where the source can; handed back to {@link Source.open} to go on reading it. */
  version?: string;
}

/** A file that was read at once. */
export interface WholeFile extends SourceFacts {
  bytes: Buffer;
  /** It was written to, or replaced, while it was read. */
  changed: boolean;
}

/** A file that is read piece by piece. */
export interface OpenFile extends SourceFacts {
  /**
   * Exactly `size - from` bytes of one version. Where the source breaks off it is taken up again;
   * where the rest of that version is no longer to be had, it throws {@link FileChangedError}.
   */
  body: AsyncIterable<Buffer>;
  /** Asked once the body has ended: whether the file was written to meanwhile. */
  changed(): Promise<boolean>;
}

/** Things that a listing came across and left out: how many, and the names of the first hundred. */
export interface PassedOver {
  count: number;
  names: string[];
}

/** The most bytes that {@link Source.readWhole} holds in memory. */
export const wholeFileLimit = 16 * 1024 * 1024;

/**
 * A place that a snapshot reads: an S3 prefix, a mounted folder, or an rclone remote.
 * Links, devices and other things that are not plain files are never followed nor listed; they
 * are counted in `passedOver`. Any method throws {@link SourceUnavailableError} where it is not a
 * file but the place itself that fails. Implementations are held to
 * `test/contract/snapshot-source.test.ts`.
 */
export interface Source {
  /**
   * Its files below the given roots, in the byte order of their paths (UTF-8, as S3 lists), each
   * once, whatever the roots overlap; only those whose path is greater than `after`. Pages are
   * fetched as they are needed: memory does not grow with the number of files.
   *
   * A root is `''` for everything, `name/` for a folder, or `name` for one file.
   */
  files(roots: readonly string[], after?: string): AsyncIterable<SourceEntry>;
  /** Which of the roots exist. A listing that fails is an error, never an absence. */
  present(roots: readonly string[]): Promise<string[]>;
  /**
   * Reads a small file in one request.
   * @throws FileGoneError, FileUnreadableError; FileChangedError where it has grown beyond
   * {@link wholeFileLimit} since it was listed, so that memory stays bounded: open it instead.
   */
  readWhole(entry: SourceEntry): Promise<WholeFile>;
  /**
   * Reads a file of any size as a stream, from an offset of one version of it.
   * @throws FileGoneError, FileUnreadableError; FileChangedError where `version` is no longer there,
   * be it replaced or deleted
   */
  open(
    entry: SourceEntry,
    from?: { offset: number; version: string | undefined },
  ): Promise<OpenFile>;
  /** Links and special files. */
  readonly passedOver: PassedOver;
  /**
   * Files and folders that the listing found and that cannot be looked into, or whose names no
   * snapshot can hold: they, and what is in them, are missing from {@link Source.files}, so a
   * snapshot is not whole without them.
   */
  readonly unreadable: PassedOver;
  close(): Promise<void>;
}

/** A file that was listed is no longer there. */
export class FileGoneError extends WorkspaceSyncError {
  constructor(path: string, cause?: unknown) {
    super(`${JSON.stringify(path)} was deleted before it was read.`, {
      code: 'file-gone',
      retryable: true,
      cause,
    });
  }
}

/** The version of a file that was being read can no longer be had. */
export class FileChangedError extends WorkspaceSyncError {
  constructor(path: string, cause?: unknown) {
    super(`${JSON.stringify(path)} was replaced while it was read.`, {
      code: 'file-changed',
      retryable: true,
      cause,
    });
  }
}

/** A file is there and cannot be read. */
export class FileUnreadableError extends WorkspaceSyncError {
  constructor(path: string, why: string, cause?: unknown) {
    super(`${JSON.stringify(path)} cannot be read: ${why}.`, {
      code: 'file-unreadable',
      retryable: true,
      cause,
    });
  }
}

/** The place itself cannot be read, whichever file is asked for; nothing is known of its files. */
export class SourceUnavailableError extends WorkspaceSyncError {
  constructor(what: string, cause?: unknown) {
    super(`The workspace cannot be read: ${what}.`, {
      code: 'source-unavailable',
      retryable: true,
      cause,
    });
  }
}
