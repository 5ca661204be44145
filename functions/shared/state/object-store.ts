/** An object as it was read, with the tag that a conditional write names. */
export interface StoredObject {
  body: Uint8Array;
  etag: string;
}

/** When a write may take place. Without a condition it replaces whatever is there. */
export type WriteCondition = { ifAbsent: true } | { ifMatch: string } | undefined;

/** What became of a write: its new tag, or that the condition did not hold and nothing changed. */
export type WriteOutcome = { written: true; etag: string } | { written: false };

/**
 * The durable memory of the deployment: small objects with conditional writes, no database.
 * Implementations are held to `test/contract/object-store.test.ts`.
 */
export interface ObjectStore {
  /** The object, or `undefined` where there is none. */
  get(key: string): Promise<StoredObject | undefined>;
  /** Writes the whole object at once. A condition that does not hold is an answer, not an error. */
  put(key: string, body: Uint8Array | string, condition?: WriteCondition): Promise<WriteOutcome>;
  delete(key: string): Promise<void>;
}
