/** An object of a snapshot store, as its listing shows it. */
export interface StoredObject {
  /** Below the store's prefix; snapshots have no folders. */
  name: string;
  size: number;
  /** When the storage says that it was written, in milliseconds since the epoch. */
  modified: number;
}

/** A part of an object. */
export interface ByteRange {
  offset: number;
  length: number;
}

/** What became of a deletion. `locked`: the storage refuses it for now. */
export type Removal = 'removed' | { failed: string };

/**
 * Where snapshots lie: a prefix of a bucket, or a folder of an rclone remote.
 * Implementations are held to `test/contract/snapshot-store.test.ts`.
 */
export interface SnapshotStore {
  /** What it is, for people: no credentials. */
  readonly description: string;
  /** Every object directly below the prefix. Folders below it are not looked into. */
  list(): Promise<StoredObject[]>;
  /**
   * The bytes of an object, or of a part of it. It throws on the first read where there is none, and
   * at the end where fewer bytes came than the object has.
   * @throws ObjectMissingError
   */
  read(name: string, range?: ByteRange): AsyncIterable<Buffer>;
  /** Small objects, all at once; those that do not exist are absent from the answer. */
  readSmall(names: readonly string[]): Promise<Map<string, Buffer>>;
  /**
   * Writes an object of any size as a stream; it is there when this returns and not before, except
   * that some remotes may show a part of it while it is being written. Where the bytes throw, or the
   * storage fails, the upload is aborted, what is there of it is removed if the storage lets us, and
   * the error is thrown: an upload is never ended as if it were whole.
   * @throws ObjectExistsError where the name is taken, as far as the storage can tell.
   */
  write(name: string, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** Writes a small object unless the name is taken; says whether it was written. */
  create(name: string, bytes: Uint8Array): Promise<boolean>;
  /** Deletes objects. One that is not there counts as removed. One failure does not stop the others. */
  remove(names: readonly string[]): Promise<Map<string, Removal>>;
  close(): Promise<void>;
}
