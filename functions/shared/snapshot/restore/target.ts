import { WorkspaceSyncError } from '../../errors.ts';

/** A file that is to be written. */
export interface RestoredFile {
  /** Path in the archive; a target that cannot take it as it is, says so. */
  path: string;
  size: number;
  /** Milliseconds since the epoch. */
  modified: number;
  mode?: number;
  /** The whole content, of a small file. */
  bytes?: Buffer;
  /** The content piece by piece; it throws where it is not what was stored. */
  body: AsyncIterable<Buffer>;
}

/** Where a restore writes to. */
export interface RestoreTarget {
  /** What it is, for people. */
  readonly description: string;
  /** Files whose names were taken there by another, and that lie under `renamed/` instead. */
  readonly collisions?: readonly string[];
  /** Whether anything lies there. */
  isOccupied(): Promise<boolean>;
  /**
   * Takes a file. It need not be there before {@link flush} has returned; what went wrong with an
   * earlier file may be thrown at a later one.
   */
  write(file: RestoredFile): Promise<void>;
  /** Everything that was taken is there, though perhaps not yet under its final name. */
  flush(): Promise<void>;
  /** The restore is over: what was written is where it belongs. */
  finish(): Promise<void>;
  /** Removes whatever this restore has written, as far as it can. */
  discard(): Promise<void>;
}

/** Something lies where a restore was to go; nothing was written. */
export class TargetOccupiedError extends WorkspaceSyncError {
  constructor(where: string) {
    super(
      `${where} is not empty: a restore never writes among other files. Name a new or empty place.`,
      { code: 'target-occupied', retryable: false },
    );
  }
}
