import type { IncomingHttpHeaders } from 'node:http';
import { messageOf, WorkspaceSyncError } from '../../errors.ts';
import { FileGoneError, FileUnreadableError, SourceUnavailableError } from './source.ts';

/** S3 answered a GET with an error. */
export class S3RefusalError extends WorkspaceSyncError {
  readonly status: number;
  /** S3's own word, such as `NoSuchKey`; empty where the answer has none. */
  readonly reason: string;
  readonly headers: IncomingHttpHeaders;

  constructor(status: number, headers: IncomingHttpHeaders, body: string) {
    const reason = /<Code>([^<]*)<\/Code>/.exec(body)?.[1] ?? '';
    super(`S3 answered ${`${status} ${reason}`.trim()}`, {
      code: 's3-refusal',
      retryable: status >= 500 || status === 429 || passing.has(reason),
    });
    this.status = status;
    this.reason = reason;
    this.headers = headers;
  }
}

/** A connection to S3 ended, or fell silent, before the answer was whole. */
export class ConnectionBrokenError extends WorkspaceSyncError {
  constructor(why: string, cause?: unknown) {
    super(`The connection to S3 broke: ${why}.`, {
      code: 'connection-broken',
      retryable: true,
      cause,
    });
  }
}

/** What came is not what was asked for, such as all of an object where a part of it was wanted. */
export class WrongPartError extends WorkspaceSyncError {
  constructor(offset: number, status: number, range: string | undefined) {
    super(
      `S3 was asked for ${offset > 0 ? `what begins at byte ${offset}` : 'all of it'}, and answered ` +
        `${status} with ${range === undefined ? 'no Content-Range' : `the Content-Range ${JSON.stringify(range)}`}`,
      { code: 'wrong-part', retryable: false },
    );
  }
}

/** Faults that pass by themselves, whatever their status. */
const passing = new Set(['SlowDown', 'RequestTimeout', 'InternalError', 'ServiceUnavailable']);

/** New credentials, or the right time, may help. */
const stale = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidToken',
  'TokenRefreshRequired',
  'InvalidAccessKeyId',
  'RequestTimeTooSkewed',
]);

/** Nothing of the bucket can be read by who asks like this. */
const general = new Set([
  ...stale,
  'NoSuchBucket',
  'SignatureDoesNotMatch',
  'AuthorizationHeaderMalformed',
  'PermanentRedirect',
  'InvalidBucketName',
  'AllAccessDisabled',
]);

/** Whether fresh credentials, or a clock that is set right, may turn this into an answer. */
export function isStale(error: unknown): boolean {
  return error instanceof S3RefusalError && stale.has(error.reason);
}

/** The region that S3 sends us to, where it does. */
export function regionSentTo(error: unknown): string | undefined {
  if (!(error instanceof S3RefusalError) || ![301, 307, 400].includes(error.status)) return;
  return error.headers['x-amz-bucket-region']?.toString();
}

/** Whether the same request may well succeed a moment later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof S3RefusalError || error instanceof ConnectionBrokenError) {
    return error.retryable;
  }
  // What Node says of networks, names and TLS has a code; mistakes of a program have none.
  return error instanceof Error && !(error instanceof WorkspaceSyncError) && 'code' in error;
}

/** What a GET that has finally failed says about a file, or about all of them. */
export function readFailure(path: string, error: unknown): unknown {
  if (isPassing(error)) return new SourceUnavailableError(reasonOf(error), error);
  if (error instanceof WrongPartError) return new FileUnreadableError(path, error.message, error);
  if (!(error instanceof S3RefusalError)) return error;
  if (general.has(error.reason)) return new SourceUnavailableError(reasonOf(error), error);
  if (error.status === 404) return new FileGoneError(path, error);
  return new FileUnreadableError(path, reasonOf(error), error);
}

function reasonOf(error: unknown): string {
  return messageOf(error).replace(/\.$/, '');
}
