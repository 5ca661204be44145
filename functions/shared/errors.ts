/** What a caller needs to know of a fault besides its message. */
export interface ErrorDetail {
  /** Stable, kebab-case; what alarms and tests look at. */
  code: string;
  /** Whether the same call may succeed later without anybody changing anything. */
  retryable: boolean;
  cause?: unknown;
}

/**
 * Base of every error that this project raises on purpose. Its message is for people: what is
 * wrong, the value given, what is allowed and what to change; it never holds a secret.
 */
export class WorkspaceSyncError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(message: string, { code, retryable, cause }: ErrorDetail) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = retryable;
  }
}

/** What is said of whatever was thrown: the message of an error, and anything else as it is. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
