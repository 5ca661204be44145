/**
 * An S3 server in memory that counts requests and can be made as slow as a network. It knows what
 * the functions, the SDK and rclone ask for when they move small files, and answers the queue's, the
 * bus's and the secrets' calls too, because functions know one endpoint for all of AWS.
 */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StoredObject {
  /** In the pieces that it was uploaded in. */
  pieces: readonly Buffer[];
  size: number;
  etag: string;
  modified: Date;
  /** `x-amz-meta-*` and the content type. */
  headers: Record<string, string>;
}

/** Requests by kind, of one bucket. */
export type Counts = Map<string, number>;

export interface S3Server {
  url: string;
  /** Milliseconds by which every answer is late. */
  latencyMs: number;
  /** Whether the parts of uploads are thrown away: for uploads larger than the memory. */
  forgetParts: boolean;
  /** Requests by bucket and kind since they were last cleared. */
  counts: Map<string, Counts>;
  /** The objects of a bucket; made where it is missing. */
  bucket(name: string): Bucket;
  /** What Secrets Manager answers, whatever it is asked for. */
  secret: Record<string, string>;
  /** What was put on the bus since it was last emptied. */
  events: BusEvent[];
  stop(): Promise<void>;
}

export interface BusEvent {
  Source: string;
  DetailType: string;
  /** JSON. */
  Detail: string;
}

/** The objects of a bucket, with their keys in order. */
export class Bucket {
  readonly #objects = new Map<string, StoredObject>();
  #sorted: string[] | undefined;

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  put(key: string, body: Buffer, headers: Record<string, string> = {}): StoredObject {
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    return this.#keep(key, [body], headers, etag);
  }

  /** An object of several parts; its tag says nothing of its content, as where S3 encrypts it. */
  putParts(
    key: string,
    parts: readonly Buffer[],
    headers: Record<string, string> = {},
  ): StoredObject {
    return this.#keep(key, parts, headers, `"${randomUUID()}-${parts.length}"`);
  }

  #keep(
    key: string,
    pieces: readonly Buffer[],
    headers: Record<string, string>,
    etag: string,
  ): StoredObject {
    if (!this.#objects.has(key)) this.#sorted = undefined;
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    const modified = new Date(Math.floor(Date.now() / 1_000) * 1_000);
    const object = { pieces, size, etag, headers, modified };
    this.#objects.set(key, object);
    return object;
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#sorted = undefined;
  }

  clear(): void {
    this.#objects.clear();
    this.#sorted = undefined;
  }

  keys(prefix = ''): string[] {
    this.#sorted ??= [...this.#objects.keys()].sort();
    const first = firstAtLeast(this.#sorted, prefix);
    const keys: string[] = [];
    for (let at = first; this.#sorted[at]?.startsWith(prefix); at++)
      keys.push(this.#sorted[at] ?? '');
    return keys;
  }
}

function firstAtLeast(sorted: readonly string[], wanted: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Starts it on a free port of 127.0.0.1. Signatures are not looked at. */
export async function startS3Server(): Promise<S3Server> {
  const buckets = new Map<string, Bucket>();
  const server = createServer({ keepAliveTimeout: 0 }, (incoming, outgoing) => {
    respond(s3, incoming)
      .then((answer) => send(outgoing, answer))
      // A client that is stopped amid an upload goes away.
      .catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const s3: S3Server = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    latencyMs: 0,
    forgetParts: false,
    counts: new Map(),
    secret: {},
    events: [],
    bucket(name) {
      const bucket = buckets.get(name) ?? new Bucket();
      buckets.set(name, bucket);
      return bucket;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return s3;
}

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string | readonly Buffer[];
}

async function send(
  outgoing: ServerResponse,
  { status, headers = {}, body = '' }: Answer,
): Promise<void> {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : bytesOf(body);
  outgoing.writeHead(status, { 'content-length': String(length), ...headers });
  if (typeof body === 'string') {
    outgoing.end(body);
    return;
  }
  // To hand over everything at once would hold a large object twice. A reader may go away.
  await pipeline(Readable.from(body), outgoing).catch(() => undefined);
}

function bytesOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

interface Request {
  method: string;
  bucket: Bucket;
  key: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: Buffer;
  forget: boolean;
  /** Object of a path `/bucket/key`, for copies. */
  find: (path: string) => StoredObject | undefined;
}

async function respond(s3: S3Server, incoming: IncomingMessage): Promise<Answer> {
  const body = await readBody(incoming);
  if (s3.latencyMs > 0) await sleep(s3.latencyMs);
  const target = incoming.headers['x-amz-target'];
  if (typeof target === 'string') {
    count(s3, 'services', target);
    return answerService(s3, target, body);
  }
  const url = new URL(incoming.url ?? '/', s3.url);
  const { bucket: name, key } = splitPath(url.pathname);
  const request: Request = {
    method: incoming.method ?? '',
    bucket: s3.bucket(name),
    key,
    query: url.searchParams,
    headers: incoming.headers,
    body,
    forget: s3.forgetParts,
    find: (path) => {
      const source = splitPath(path.startsWith('/') ? path : `/${path}`);
      return s3.bucket(source.bucket).get(source.key);
    },
  };
  count(s3, name, kindOf(request));
  return key === '' ? answerBucket(request) : answerObject(request);
}

function splitPath(path: string): { bucket: string; key: string } {
  const [, bucket = '', ...rest] = path.split('/');
  return { bucket, key: decodeURIComponent(rest.join('/')) };
}

function count({ counts }: S3Server, bucket: string, kind: string): void {
  const kinds = counts.get(bucket) ?? new Map<string, number>();
  counts.set(bucket, kinds.set(kind, (kinds.get(kind) ?? 0) + 1));
}

function kindOf({ method, key, headers }: Request): string {
  if (method === 'GET' && key === '') return 'LIST';
  return method === 'PUT' && headers['x-amz-copy-source'] !== undefined ? 'COPY' : method;
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const encoded = incoming.headers['x-amz-decoded-content-length'] !== undefined;
  return encoded ? withoutChunkFrames(body) : body;
}

/** `aws-chunked`: each chunk stands behind its length in hexadecimal, and perhaps a signature. */
function withoutChunkFrames(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = body.indexOf('\r\n', at);
    const length = parseInt(body.toString('latin1', at, lineEnd), 16);
    if (!(length > 0)) return Buffer.concat(chunks);
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
}

function answerService({ secret, events }: S3Server, target: string, body: Buffer): Answer {
  const answers: Record<string, () => object> = {
    'AWSEvents.PutEvents': () => {
      events.push(...(JSON.parse(body.toString()) as { Entries: BusEvent[] }).Entries);
      return { FailedEntryCount: 0, Entries: [{ EventId: '0' }] };
    },
    'AmazonSQS.SendMessage': () => {
      const { MessageBody } = JSON.parse(body.toString()) as { MessageBody: string };
      return {
        MessageId: '0',
        MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
      };
    },
    'secretsmanager.GetSecretValue': () => ({
      SecretString: JSON.stringify(secret),
      VersionId: '0',
    }),
  };
  const answer = answers[target];
  if (!answer) return { status: 501, body: JSON.stringify({ message: `no ${target} here` }) };
  return {
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify(answer()),
  };
}

function answerBucket(request: Request): Answer {
  const { method, query } = request;
  if (method === 'GET') return list(request);
  if (method === 'POST' && query.has('delete')) return deleteSeveral(request);
  if (method === 'HEAD' || method === 'PUT') return { status: 200 };
  return notImplemented(request);
}

function answerObject(request: Request): Answer {
  const { method, bucket, key, query } = request;
  if (query.has('uploads') || query.has('uploadId')) return answerUpload(request);
  switch (method) {
    case 'GET':
    case 'HEAD':
      return read(request);
    case 'PUT':
      return write(request);
    case 'DELETE':
      bucket.delete(key);
      return { status: 204 };
    default:
      return notImplemented(request);
  }
}

/** What has come of uploads in parts, by their ids. */
const uploads = new Map<string, { parts: Buffer[]; headers: Record<string, string> }>();

function answerUpload(request: Request): Answer {
  const { method, bucket, key, query, headers, body, forget } = request;
  if (method === 'POST' && query.has('uploads')) {
    const id = randomUUID();
    uploads.set(id, { parts: [], headers: keptHeaders(headers) });
    return xml(
      `<InitiateMultipartUploadResult><Key>${escape(key)}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    );
  }
  const id = query.get('uploadId') ?? '';
  const upload = uploads.get(id);
  if (!upload) return failure(404, 'NoSuchUpload');
  if (method === 'PUT') {
    upload.parts[Number(query.get('partNumber')) - 1] = forget ? Buffer.alloc(0) : body;
    return { status: 200, headers: { etag: `"${randomUUID()}"` } };
  }
  if (method !== 'POST' && method !== 'DELETE') return notImplemented(request);
  if (method === 'POST' && headers['if-none-match'] === '*' && bucket.get(key))
    return failure(412, 'PreconditionFailed');
  uploads.delete(id);
  if (method === 'DELETE') return { status: 204 };
  const { etag } = bucket.putParts(key, upload.parts, upload.headers);
  return xml(
    `<CompleteMultipartUploadResult><Key>${escape(key)}</Key><ETag>${escape(etag)}</ETag></CompleteMultipartUploadResult>`,
  );
}

function read({ method, bucket, key, headers: asked }: Request): Answer {
  const object = bucket.get(key);
  if (!object) return failure(404, method === 'HEAD' ? '' : 'NoSuchKey');
  const headers = {
    ...object.headers,
    etag: object.etag,
    'last-modified': object.modified.toUTCString(),
    'accept-ranges': 'bytes',
  };
  const whole = { from: 0, to: object.size };
  const range = rangeOf(asked.range, object.size) ?? whole;
  const isPart = asked.range !== undefined;
  if (range.from >= object.size && isPart) return failure(416, 'InvalidRange');
  return {
    status: isPart ? 206 : 200,
    headers: {
      ...headers,
      'content-length': String(range.to - range.from),
      ...(isPart && { 'content-range': `bytes ${range.from}-${range.to - 1}/${object.size}` }),
    },
    ...(method === 'GET' && { body: [...piecesOf(object.pieces, range)] }),
  };
}

interface Range {
  from: number;
  /** The byte behind it. */
  to: number;
}

function rangeOf(header: string | undefined, size: number): Range | undefined {
  const [, from, last] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === undefined) return undefined;
  return { from: Number(from), to: Math.min(size, last ? Number(last) + 1 : size) };
}

function* piecesOf(pieces: readonly Buffer[], { from, to }: Range): Generator<Buffer> {
  let at = 0;
  for (const piece of pieces) {
    const part = piece.subarray(Math.max(0, from - at), Math.max(0, to - at));
    at += piece.length;
    if (part.length > 0) yield part;
  }
}

function write({ bucket, key, headers, body, find }: Request): Answer {
  const existing = bucket.get(key);
  const wanted = headers['if-match'];
  if (headers['if-none-match'] === '*' && existing) return failure(412, 'PreconditionFailed');
  if (wanted !== undefined && !existing) return failure(404, 'NoSuchKey');
  if (wanted !== undefined && existing?.etag !== wanted) return failure(412, 'PreconditionFailed');

  const copySource = headers['x-amz-copy-source'];
  if (typeof copySource !== 'string') {
    return { status: 200, headers: { etag: bucket.put(key, body, keptHeaders(headers)).etag } };
  }
  const source = find(copySource.split('?')[0] ?? '');
  if (!source) return failure(404, 'NoSuchKey');
  const replaced = headers['x-amz-metadata-directive'] === 'REPLACE';
  const kept = replaced ? keptHeaders(headers) : source.headers;
  const copy = bucket.put(key, Buffer.concat(source.pieces), kept);
  return xml(
    `<CopyObjectResult><ETag>${escape(copy.etag)}</ETag>` +
      `<LastModified>${copy.modified.toISOString()}</LastModified></CopyObjectResult>`,
  );
}

function keptHeaders(headers: IncomingMessage['headers']): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name]) => name === 'content-type' || name.startsWith('x-amz-meta-'),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}

function deleteSeveral({ bucket, body }: Request): Answer {
  const keys = [...body.toString().matchAll(/<Key>(.*?)<\/Key>/gs)].map(([, key = '']) =>
    unescape(key),
  );
  for (const key of keys) bucket.delete(key);
  const deleted = keys.map((key) => `<Deleted><Key>${escape(key)}</Key></Deleted>`);
  return xml(`<DeleteResult>${deleted.join('')}</DeleteResult>`);
}

/** Both versions of the listing: rclone asks an S3 that it does not know in the first. */
function list({ bucket, query }: Request): Answer {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const isSecond = query.get('list-type') === '2';
  const after = isSecond
    ? (query.get('continuation-token') ?? query.get('start-after'))
    : query.get('marker');
  const limit = Math.min(1_000, Number(query.get('max-keys') ?? 1_000));
  const encode = query.get('encoding-type') === 'url' ? encodeURIComponent : escape;

  const { entries, truncated } = page(bucket.keys(prefix), {
    prefix,
    delimiter,
    after: after ?? '',
    limit,
  });
  const last = entries.at(-1) ?? '';
  const next = isSecond ? 'NextContinuationToken' : 'NextMarker';
  return xml(
    '<ListBucketResult>' +
      `<Prefix>${encode(prefix)}</Prefix><MaxKeys>${limit}</MaxKeys>` +
      (query.has('encoding-type') ? '<EncodingType>url</EncodingType>' : '') +
      (isSecond ? `<KeyCount>${entries.length}</KeyCount>` : '') +
      `<IsTruncated>${String(truncated)}</IsTruncated>` +
      (truncated ? `<${next}>${escape(last)}</${next}>` : '') +
      entries.map((entry) => entryXml(bucket, entry, encode)).join('') +
      '</ListBucketResult>',
  );
}

/** Keys and, below a delimiter, common prefixes, which count as entries like keys. */
function page(
  keys: readonly string[],
  {
    prefix,
    delimiter,
    after,
    limit,
  }: { prefix: string; delimiter: string; after: string; limit: number },
): { entries: string[]; truncated: boolean } {
  const entries: string[] = [];
  for (let at = firstAtLeast(keys, after); at < keys.length; at++) {
    const key = keys[at] ?? '';
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const entry = cut < 0 ? key : key.slice(0, cut + delimiter.length);
    if (entry <= after || entry === entries.at(-1)) continue;
    if (entries.length === limit) return { entries, truncated: true };
    entries.push(entry);
  }
  return { entries, truncated: false };
}

function entryXml(bucket: Bucket, entry: string, encode: (text: string) => string): string {
  const object = bucket.get(entry);
  if (!object) return `<CommonPrefixes><Prefix>${encode(entry)}</Prefix></CommonPrefixes>`;
  return (
    `<Contents><Key>${encode(entry)}</Key><LastModified>${object.modified.toISOString()}</LastModified>` +
    `<ETag>${escape(object.etag)}</ETag><Size>${object.size}</Size>` +
    '<StorageClass>STANDARD</StorageClass></Contents>'
  );
}

function xml(text: string): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>${text}`;
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

function failure(status: number, code: string): Answer {
  if (code === '') return { status };
  return { ...xml(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`), status };
}

function notImplemented({ method, key, query }: Request): Answer {
  console.error(
    `The S3 server of the benchmarks does not know ${method} ${key}?${query.toString()}`,
  );
  return failure(501, 'NotImplemented');
}

const entities: [string, string][] = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
];

function escape(text: string): string {
  return entities.reduce((escaped, [plain, entity]) => escaped.replaceAll(plain, entity), text);
}

function unescape(text: string): string {
  return entities.reduceRight(
    (plain, [character, entity]) => plain.replaceAll(entity, character),
    text,
  );
}
