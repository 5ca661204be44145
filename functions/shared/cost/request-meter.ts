import type { S3Client } from '@aws-sdk/client-s3';
import type { S3Requests } from '../contract/index.ts';

/** All of this process, which serves one invocation at a time. */
const made: S3Requests = { write: 0, read: 0 };

/** Requests that the metered clients of this process have made. */
export function requestsMade(): S3Requests {
  return { ...made };
}

/** What has been made since then. */
export function requestsSince(before: S3Requests): S3Requests {
  return { write: made.write - before.write, read: made.read - before.read };
}

/**
 * Counts what a client asks of S3, each attempt by itself, as S3 does. Only for clients of buckets in
 * AWS: others have other prices.
 */
export function meterRequests(client: S3Client): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        const price = classOf(commandName);
        if (price) made[price] += 1;
        return next(args);
      },
    // Within a retry, so that every attempt passes.
    { step: 'finalizeRequest', priority: 'low', name: 'workspaceSyncRequestMeter' },
  );
}

/** The class of a command in S3's price list; none for what costs nothing. */
export function classOf(command: string): keyof S3Requests | undefined {
  if (/^(?:Delete|Abort)/.test(command)) return undefined;
  return /^(?:Get|Head)/.test(command) ? 'read' : 'write';
}
