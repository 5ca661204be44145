import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { isoTime } from '../../clock.ts';

/** Keys of AWS, as the SDK hands them out. */
export interface SigningCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** A GET without a body. Path and query are encoded already, the query's names in order. */
export interface UnsignedRequest {
  host: string;
  path: string;
  query: string;
  /** More headers, in lower case; they are signed too. */
  headers?: Record<string, string>;
}

/** Gives a request the headers that sign it at a time, in milliseconds since the epoch. */
export type Signer = (
  request: UnsignedRequest,
  credentials: SigningCredentials,
  now: number,
) => Record<string, string>;

const unsignedPayload = 'UNSIGNED-PAYLOAD';

/**
 * Signs GET requests to S3 with AWS Signature Version 4. The key that depends on day, region and
 * credentials is derived once for all of them: what is left is one HMAC and one hash per request.
 */
export function s3Signer(region: string): Signer {
  let known: { of: string; key: KeyObject } | undefined;
  const timeOf = secondsAsText();

  return ({ host, path, query, headers }, credentials, now) => {
    const time = timeOf(now);
    const day = time.slice(0, 8);
    const of = `${day} ${credentials.accessKeyId} ${credentials.secretAccessKey}`;
    if (known?.of !== of) known = { of, key: deriveKey(credentials, day, region) };

    const signed = withSigningHeaders({ ...headers, host }, credentials, time);
    const names = Object.keys(signed).sort();
    const scope = `${day}/${region}/s3/aws4_request`;
    const canonical = [
      'GET',
      path,
      query,
      ...names.map((name) => `${name}:${signed[name]?.trim() ?? ''}`),
      '',
      names.join(';'),
      signed['x-amz-content-sha256'],
    ].join('\n');
    const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', canonical)}`;
    const signature = createHmac('sha256', known.key).update(text).digest('hex');
    signed['authorization'] =
      `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, ` +
      `SignedHeaders=${names.join(';')}, Signature=${signature}`;
    return signed;
  };
}

/** `20130524T000000Z`, made once for all requests of a second. */
function secondsAsText(): (epochMs: number) => string {
  let known = { second: -1, text: '' };
  return (epochMs) => {
    const second = Math.floor(epochMs / 1_000);
    if (known.second !== second) {
      known = { second, text: isoTime(second * 1_000).replace(/[-:]|\.\d+/g, '') };
    }
    return known.text;
  };
}

/** A key as the path of a request: every byte but the unreserved ones and `/` is encoded, once. */
export function encodeKey(key: string): string {
  return key.split('/').map(encodeStrictly).join('/');
}

/** A text as a value of a query, as S3 encodes it before it compares signatures. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function withSigningHeaders(
  headers: Record<string, string>,
  { sessionToken }: SigningCredentials,
  time: string,
): Record<string, string> {
  return {
    'x-amz-content-sha256': unsignedPayload,
    ...headers,
    'x-amz-date': time,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
}

/** As an object of its own: making one of bytes would cost more than the rest of a signature. */
function deriveKey(
  { secretAccessKey }: SigningCredentials,
  day: string,
  region: string,
): KeyObject {
  const key = [day, region, 's3', 'aws4_request'].reduce<Buffer>(
    (outer, part) => createHmac('sha256', outer).update(part).digest(),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  return createSecretKey(key);
}
