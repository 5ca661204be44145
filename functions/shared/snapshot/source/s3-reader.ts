import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { S3Client } from '@aws-sdk/client-s3';
import { epochOf, type Clock } from '../../clock.ts';
import { bucketAddress, redirectedAddress, type BucketAddress } from './bucket-address.ts';
import { partOf } from './s3-facts.ts';
import {
  ConnectionBrokenError,
  isPassing,
  isStale,
  regionSentTo,
  S3RefusalError,
  WrongPartError,
} from './s3-failure.ts';
import { encodeKey, encodeStrictly, s3Signer, type Signer } from './signed-request.ts';
import { SourceUnavailableError } from './source.ts';

/** A GET of an object, or of its end. */
export interface ObjectRequest {
  key: string;
  /** From this byte on. */
  offset?: number;
  /** Only while the object has this tag. */
  ifMatch?: string | undefined;
  versionId?: string | undefined;
}

export interface S3ReaderOptions {
  client: S3Client;
  bucket: string;
  clock: Clock;
  /** Connections at once. */
  maxSockets: number;
  /** Milliseconds without a byte, after which a connection counts as broken. */
  idleTimeout: number;
}

type Credentials = Awaited<ReturnType<S3Client['config']['credentials']>>;

interface Target extends BucketAddress {
  sign: Signer;
}

/** How often a request is made before its failure counts. */
export const attempts = 5;
/** Credentials are asked for anew this many milliseconds before they expire. */
const renewBefore = 5 * 60_000;

/**
 * Reads objects with signed requests on kept connections, for a tenth of what the SDK's GET costs.
 * Credentials, region and endpoint are the client's. Passing faults are tried again.
 */
export class S3Reader {
  readonly #options: S3ReaderOptions;
  readonly #agents: { http: http.Agent; https: https.Agent };
  #target: Promise<Target> | undefined;
  #credentials: Promise<Credentials> | undefined;
  /** What has to be added to our clock to have S3's. */
  #skew = 0;
  #closed = false;

  constructor(options: S3ReaderOptions) {
    this.#options = options;
    const { maxSockets, idleTimeout: timeout } = options;
    const kept = { keepAlive: true, maxSockets, maxFreeSockets: maxSockets, timeout };
    this.#agents = { http: new http.Agent(kept), https: new https.Agent(kept) };
  }

  /**
   * Hands a successful answer to `read`, which is called again where the request is made again.
   * @throws S3RefusalError, WrongPartError, or what broke the last of several connections
   */
  async get<T>(
    request: ObjectRequest,
    read: (answer: IncomingMessage) => T | Promise<T>,
  ): Promise<T> {
    let remedied = false;
    for (let attempt = 1, fresh = false; ; attempt++) {
      try {
        return await read(await this.#send(request, fresh));
      } catch (error) {
        if (!remedied && (await this.#remedy(error))) {
          remedied = true;
          continue;
        }
        if (attempt === attempts || this.#closed || !isPassing(error)) throw error;
        // A connection that was kept may have died unnoticed, and so may all others.
        fresh = !(error instanceof S3RefusalError);
        await this.pause(attempt);
      }
    }
  }

  /** Waits before an attempt is followed by another: a random time, so that readers spread. */
  pause(attempt: number): Promise<void> {
    return this.#options.clock.sleep(Math.random() * Math.min(5_000, 100 * 2 ** attempt));
  }

  /** Drops all connections. What is being read fails. */
  close(): void {
    this.#closed = true;
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** Whether something was changed after which the same request may succeed. */
  async #remedy(error: unknown): Promise<boolean> {
    if (isStale(error) && error instanceof S3RefusalError) {
      const theirs = epochOf(error.headers.date ?? '');
      if (error.reason === 'RequestTimeTooSkewed' && !Number.isNaN(theirs)) {
        this.#skew = theirs - this.#options.clock.now();
      } else {
        this.#credentials = this.#options.client.config.credentials({ forceRefresh: true });
      }
      return true;
    }
    const region = regionSentTo(error);
    if (region === undefined) return false;
    await this.#moveTo(region);
    return true;
  }

  async #moveTo(region: string): Promise<void> {
    const { client, bucket } = this.#options;
    const known = this.#target;
    const isElsewhere = (await known)?.region !== region;
    // Of many requests that are sent on at once, the first has the new address looked up.
    if (isElsewhere && this.#target === known) {
      this.#target = redirectedAddress(client, bucket).then(withSigner);
    }
  }

  async #send(request: ObjectRequest, fresh: boolean): Promise<IncomingMessage> {
    const { client, bucket, clock, idleTimeout } = this.#options;
    this.#target ??= bucketAddress(client, bucket).then(withSigner);
    const target = await this.#target;
    const { secure, hostname, port, basePath, sign } = target;
    const path = basePath + encodeKey(request.key);
    const query =
      request.versionId === undefined ? '' : `versionId=${encodeStrictly(request.versionId)}`;
    const host = port === undefined ? hostname : `${hostname}:${port}`;
    const headers = sign(
      { host, path, query, headers: conditions(request) },
      await this.#currentCredentials(),
      clock.now() + this.#skew,
    );

    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = (secure ? https : http).request({
      hostname,
      port,
      path: query === '' ? path : `${path}?${query}`,
      headers,
      timeout: idleTimeout,
      agent: fresh ? false : this.#agents[secure ? 'https' : 'http'],
    });
    outgoing.on('timeout', () => {
      outgoing.destroy(new ConnectionBrokenError(`no byte came for ${idleTimeout} ms`));
    });
    outgoing.on('response', resolve).on('error', reject).end();
    return accepted(await promise, request);
  }

  async #currentCredentials(): Promise<Credentials> {
    const { client, clock } = this.#options;
    try {
      const known = await this.#credentials;
      const left = (known?.expiration?.getTime() ?? Infinity) - clock.now();
      if (known && left > renewBefore) return known;
      this.#credentials = client.config.credentials();
      return await this.#credentials;
    } catch (error) {
      this.#credentials = undefined;
      throw new SourceUnavailableError('there are no AWS credentials to read it with', error);
    }
  }
}

function withSigner(address: BucketAddress): Target {
  return { ...address, sign: s3Signer(address.region) };
}

function conditions({ offset = 0, ifMatch }: ObjectRequest): Record<string, string> {
  return {
    ...(offset > 0 ? { range: `bytes=${offset}-` } : {}),
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
  };
}

async function accepted(
  answer: IncomingMessage,
  { offset = 0 }: ObjectRequest,
): Promise<IncomingMessage> {
  const status = answer.statusCode ?? 0;
  if (status === 200 || status === 206) {
    const isWanted = isAsked(answer, offset);
    if (isWanted && answer.headers['content-length'] !== undefined) return answer;
    answer.destroy();
    if (!isWanted) throw new WrongPartError(offset, status, answer.headers['content-range']);
    throw new SourceUnavailableError('S3 answers without a Content-Length');
  }
  let body = '';
  for await (const chunk of answer.setEncoding('utf8')) {
    if (body.length < 16_384) body += String(chunk);
  }
  throw new S3RefusalError(status, answer.headers, body);
}

/**
 * Whether an answer is what was asked for. Some servers know no ranges, and give all of it. Others
 * give the right part with status 200: it is its range and length that count.
 */
function isAsked({ statusCode, headers }: IncomingMessage, offset: number): boolean {
  const from = partOf(headers)?.from ?? 0;
  return from === offset && (offset > 0 || statusCode === 200);
}
