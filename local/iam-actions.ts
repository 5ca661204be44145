/**
 * Which permissions a request to AWS needs, as AWS documents them: a request in, IAM actions with
 * the ARNs of their resources out. Knows the calls that the functions make and their near relatives;
 * of any other it says so.
 */

/** What has to be known of a request and its answer. */
export interface ApiRequest {
  method: string;
  /** Path and query, as they stood in the request line; buckets in the path. */
  url: string;
  headers: Record<string, string | string[] | undefined>;
  /** Needed where the body names the resource: JSON protocols, and S3's deletion of many. */
  body?: string;
  status: number;
}

/** Where names without an account or region belong. */
export interface Home {
  region: string;
  account: string;
}

/** A permission that a request needs. */
export interface Need {
  action: string;
  resource: string;
  /** Condition keys that come from the request. */
  context: Record<string, string>;
}

/** The permissions that a request needs; `undefined` for a request that is not known here. */
export function needsOf(request: ApiRequest, home: Home): Need[] | undefined {
  const target = header(request, 'x-amz-target');
  return target === undefined ? s3Needs(request) : jsonNeeds(target, request.body ?? '{}', home);
}

function header({ headers }: ApiRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join() : value;
}

// Services with a JSON protocol: the operation is in a header, the resource in the body.

type JsonService = (input: Input, home: Home, operation: string) => Need[] | undefined;

const jsonServices: Record<string, JsonService> = {
  AmazonSQS: (input, home, operation) => [
    need(`sqs:${sqsActions[operation] ?? operation}`, queueArn(text(input['QueueUrl']), home)),
  ],
  secretsmanager: (input, home, operation) => [
    need(`secretsmanager:${operation}`, secretArn(text(input['SecretId']), home)),
  ],
  AWSEvents: (input, home, operation) =>
    list(input['Entries']).map((entry) =>
      need(`events:${operation}`, busArn(text(entry['EventBusName'], 'default'), home), {
        'events:source': text(entry['Source']),
        'events:detail-type': text(entry['DetailType']),
      }),
    ),
  // A ciphertext says which key made it, but only to KMS: a request has to name the key itself.
  TrentService: ({ KeyId: id }, home, operation) =>
    typeof id === 'string' && !id.includes('alias/')
      ? [need(`kms:${operation}`, keyArn(id, home))]
      : undefined,
};

const knownOperations: Record<string, readonly string[]> = {
  AmazonSQS: [
    'SendMessage',
    'SendMessageBatch',
    'ReceiveMessage',
    'DeleteMessage',
    'DeleteMessageBatch',
    'ChangeMessageVisibility',
    'ChangeMessageVisibilityBatch',
    'GetQueueAttributes',
  ],
  secretsmanager: [
    'GetSecretValue',
    'DescribeSecret',
    'PutSecretValue',
    'UpdateSecretVersionStage',
  ],
  AWSEvents: ['PutEvents'],
  TrentService: ['GenerateDataKey', 'Encrypt', 'Decrypt'],
};

/** A batch needs the permission of the single call. */
const sqsActions: Record<string, string> = {
  SendMessageBatch: 'SendMessage',
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
};

type Input = Record<string, unknown>;

function jsonNeeds(target: string, body: string, home: Home): Need[] | undefined {
  const [service = '', operation = ''] = target.split('.');
  if (knownOperations[service]?.includes(operation) !== true) return undefined;
  return jsonServices[service]?.(JSON.parse(body) as Input, home, operation);
}

function text(value: unknown, otherwise = ''): string {
  return typeof value === 'string' ? value : otherwise;
}

function list(value: unknown): Input[] {
  return Array.isArray(value) ? (value as Input[]) : [];
}

function queueArn(url: string, { region, account }: Home): string {
  return `arn:aws:sqs:${region}:${account}:${url.slice(url.lastIndexOf('/') + 1)}`;
}

/** Secrets Manager adds a dash and six characters to a name; a policy is matched with them. */
function secretArn(id: string, { region, account }: Home): string {
  if (id.startsWith('arn:')) return id;
  return `arn:aws:secretsmanager:${region}:${account}:secret:${id}-AbCdEf`;
}

function busArn(name: string, { region, account }: Home): string {
  return name.startsWith('arn:') ? name : `arn:aws:events:${region}:${account}:event-bus/${name}`;
}

function keyArn(id: string, { region, account }: Home): string {
  return id.startsWith('arn:') ? id : `arn:aws:kms:${region}:${account}:key/${id}`;
}

// S3: the operation is in the method and the query, the resource in the path.

/** Parameters that say how, not what: they change nothing about the permissions. */
const plainParameters = new Set([
  'x-id',
  'list-type',
  'encoding-type',
  'fetch-owner',
  'start-after',
  'marker',
  'key-marker',
  'version-id-marker',
  'continuation-token',
  'partNumber',
]);

/** Parameters that become condition keys. */
const conditionParameters = ['prefix', 'delimiter', 'max-keys'];

interface S3Target {
  bucket: string;
  object: string;
  query: URLSearchParams;
  /** Parameters that tell one operation from another, in alphabetical order. */
  kind: string;
}

function s3Needs(request: ApiRequest): Need[] | undefined {
  if (!isS3(request)) return undefined;
  const target = s3Target(request.url);
  return target.object === '' ? bucketNeeds(request, target) : objectNeeds(request, target);
}

/** Requests are signed for a service; a list of buckets, `/`, names none that could be judged. */
function isS3(request: ApiRequest): boolean {
  const signedFor = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(
    header(request, 'authorization') ?? '',
  )?.[1];
  return signedFor === 's3' && !/^\/(\?|$)/.test(request.url);
}

function s3Target(url: string): S3Target {
  const { pathname, searchParams } = new URL(url, 'http://host');
  const [bucket = '', ...key] = pathname.slice(1).split('/').map(decodeURIComponent);
  const path = key.join('/');
  const arn = `arn:aws:s3:::${bucket}`;
  return {
    bucket: arn,
    object: path === '' ? '' : `${arn}/${path}`,
    query: searchParams,
    kind: [...searchParams.keys()]
      .filter((name) => !plainParameters.has(name) && !conditionParameters.includes(name))
      .sort()
      .join(),
  };
}

function bucketNeeds(request: ApiRequest, { bucket, query, kind }: S3Target): Need[] | undefined {
  switch (`${request.method} ${kind}`) {
    case 'HEAD ':
      return [need('s3:ListBucket', bucket)];
    case 'GET ':
      return [need('s3:ListBucket', bucket, conditions(query))];
    case 'GET versions':
      return [need('s3:ListBucketVersions', bucket, conditions(query))];
    case 'GET uploads':
      return [need('s3:ListBucketMultipartUploads', bucket)];
    case 'GET versioning':
      return [need('s3:GetBucketVersioning', bucket)];
    case 'GET location':
      return [need('s3:GetBucketLocation', bucket)];
    case 'PUT ':
      return [need('s3:CreateBucket', bucket)];
    case 'POST delete':
      return deletions(request.body ?? '', bucket);
    default:
      return undefined;
  }
}

function objectNeeds(request: ApiRequest, target: S3Target): Need[] | undefined {
  const { bucket, object, kind } = target;
  switch (`${request.method} ${kind}`) {
    case 'GET ':
    case 'HEAD ':
      return [need('s3:GetObject', object), ...absence(request, bucket)];
    case 'GET versionId':
    case 'HEAD versionId':
      return [need('s3:GetObjectVersion', object)];
    case 'PUT ':
      return [...source(request), creation(request, object), ...attributes(request, object)];
    case 'POST uploads':
      return [preparation(object), ...attributes(request, object)];
    case 'PUT uploadId':
      return [...source(request), preparation(object)];
    case 'POST uploadId':
      return [creation(request, object)];
    case 'DELETE uploadId':
      return [need('s3:AbortMultipartUpload', object)];
    case 'GET uploadId':
      return [need('s3:ListMultipartUploadParts', object)];
    case 'DELETE ':
      return [need('s3:DeleteObject', object)];
    case 'DELETE versionId':
      return [need('s3:DeleteObjectVersion', object)];
    default:
      return undefined;
  }
}

/** A request after which the object is there. */
function creation(request: ApiRequest, object: string): Need {
  const ifNoneMatch = header(request, 'if-none-match');
  return need('s3:PutObject', object, {
    's3:ObjectCreationOperation': 'true',
    ...(ifNoneMatch === undefined ? {} : { 's3:if-none-match': ifNoneMatch }),
  });
}

/** A request of an upload in parts that makes no object yet. */
function preparation(object: string): Need {
  return need('s3:PutObject', object, { 's3:ObjectCreationOperation': 'false' });
}

/** "Not found" is said only to those who may list the bucket; to others it is "forbidden". */
function absence({ status }: ApiRequest, bucket: string): Need[] {
  return status === 404 ? [need('s3:ListBucket', bucket)] : [];
}

/** What a copy reads. */
function source(request: ApiRequest): Need[] {
  const given = header(request, 'x-amz-copy-source');
  if (given === undefined) return [];
  const [path = '', version] = given.replace(/^\//, '').split('?versionId=');
  const object = `arn:aws:s3:::${decodeURIComponent(path)}`;
  return [need(version === undefined ? 's3:GetObject' : 's3:GetObjectVersion', object)];
}

/** What is set together with an object needs a permission of its own. */
const attributeActions: Record<string, string> = {
  'x-amz-acl': 's3:PutObjectAcl',
  'x-amz-tagging': 's3:PutObjectTagging',
  'x-amz-object-lock-mode': 's3:PutObjectRetention',
  'x-amz-object-lock-legal-hold': 's3:PutObjectLegalHold',
};

function attributes(request: ApiRequest, object: string): Need[] {
  return Object.entries(attributeActions)
    .filter(([name]) => header(request, name) !== undefined)
    .map(([, action]) => need(action, object));
}

function deletions(body: string, bucket: string): Need[] {
  return [...body.matchAll(/<Object>(.*?)<\/Object>/gs)].map(([, entry = '']) => {
    const key = /<Key>(.*?)<\/Key>/s.exec(entry)?.[1] ?? '';
    const action = entry.includes('<VersionId>') ? 's3:DeleteObjectVersion' : 's3:DeleteObject';
    return need(action, `${bucket}/${unescapeXml(key)}`);
  });
}

const xmlEntities: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescapeXml(value: string): string {
  return value.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => xmlEntities[name] ?? '');
}

function conditions(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries(
    conditionParameters.flatMap((name) => {
      const value = query.get(name);
      return value === null ? [] : [[`s3:${name}`, value]];
    }),
  );
}

function need(action: string, resource: string, context: Record<string, string> = {}): Need {
  return { action, resource, context };
}
