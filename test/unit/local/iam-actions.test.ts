import { describe, expect, it } from 'vitest';
import { type ApiRequest, type Need, needsOf } from '../../../local/iam-actions.ts';

const home = { region: 'eu-west-1', account: '111122223333' };
const signedForS3 =
  'AWS4-HMAC-SHA256 Credential=KEY/20260102/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0';

function ofS3(line: string, changes: Partial<ApiRequest> = {}): Need[] | undefined {
  const [method = '', url = ''] = line.split(' ');
  const headers = { authorization: signedForS3, ...changes.headers };
  return needsOf({ method, url, status: 200, ...changes, headers }, home);
}

function ofJson(target: string, input: object): Need[] | undefined {
  const headers = { 'x-amz-target': target };
  const body = JSON.stringify(input);
  return needsOf({ method: 'POST', url: '/', headers, body, status: 200 }, home);
}

/** `action resource`, for each permission. */
function named(needs: Need[] | undefined): string[] | undefined {
  return needs?.map(({ action, resource }) => `${action} ${resource}`);
}

describe('a request to S3', () => {
  it.each([
    ['GET /b/a/k.txt?x-id=GetObject', 's3:GetObject arn:aws:s3:::b/a/k.txt'],
    ['HEAD /b/a/k.txt', 's3:GetObject arn:aws:s3:::b/a/k.txt'],
    ['GET /b/k?versionId=1&x-id=GetObject', 's3:GetObjectVersion arn:aws:s3:::b/k'],
    ['HEAD /b/k?versionId=1', 's3:GetObjectVersion arn:aws:s3:::b/k'],
    ['PUT /b/k?x-id=PutObject', 's3:PutObject arn:aws:s3:::b/k'],
    ['PUT /b/folder/', 's3:PutObject arn:aws:s3:::b/folder/'],
    ['POST /b/k?uploads=', 's3:PutObject arn:aws:s3:::b/k'],
    ['PUT /b/k?partNumber=1&uploadId=u&x-id=UploadPart', 's3:PutObject arn:aws:s3:::b/k'],
    ['POST /b/k?uploadId=u', 's3:PutObject arn:aws:s3:::b/k'],
    ['DELETE /b/k?uploadId=u', 's3:AbortMultipartUpload arn:aws:s3:::b/k'],
    ['GET /b/k?uploadId=u', 's3:ListMultipartUploadParts arn:aws:s3:::b/k'],
    ['DELETE /b/k?x-id=DeleteObject', 's3:DeleteObject arn:aws:s3:::b/k'],
    ['DELETE /b/k?versionId=1', 's3:DeleteObjectVersion arn:aws:s3:::b/k'],
    ['HEAD /b', 's3:ListBucket arn:aws:s3:::b'],
    ['GET /b/?versions=&prefix=a%2F', 's3:ListBucketVersions arn:aws:s3:::b'],
    ['GET /b?uploads=', 's3:ListBucketMultipartUploads arn:aws:s3:::b'],
    ['GET /b?location=', 's3:GetBucketLocation arn:aws:s3:::b'],
    ['GET /b?versioning=', 's3:GetBucketVersioning arn:aws:s3:::b'],
    ['PUT /b', 's3:CreateBucket arn:aws:s3:::b'],
  ])('%s needs %s', (line, need) => {
    expect(named(ofS3(line))).toEqual([need]);
  });

  it.each(['GET /b?list-type=2&', 'GET /b/?'])('%s… lists under a prefix', (line) => {
    expect(ofS3(`${line}prefix=a%2Fb%20c%2F&delimiter=%2F&encoding-type=url`)).toEqual([
      {
        action: 's3:ListBucket',
        resource: 'arn:aws:s3:::b',
        context: { 's3:prefix': 'a/b c/', 's3:delimiter': '/' },
      },
    ]);
  });

  it.each(['GET', 'HEAD'])('that %s does not find needs the right to list', (method) => {
    expect(named(ofS3(`${method} /b/k`, { status: 404 }))).toEqual([
      's3:GetObject arn:aws:s3:::b/k',
      's3:ListBucket arn:aws:s3:::b',
    ]);
  });

  it('reads keys as they are', () => {
    expect(named(ofS3('GET /b/a%20b/%C3%A9%2Bc%3F.txt'))).toEqual([
      's3:GetObject arn:aws:s3:::b/a b/é+c?.txt',
    ]);
  });

  it.each([
    ['other/a%20b', 's3:GetObject arn:aws:s3:::other/a b'],
    ['/other/k?versionId=7', 's3:GetObjectVersion arn:aws:s3:::other/k'],
  ])('that copies %s reads that, too', (source, read) => {
    const headers = { 'x-amz-copy-source': source };
    const write = 's3:PutObject arn:aws:s3:::b/k';
    expect(named(ofS3('PUT /b/k?x-id=CopyObject', { headers }))).toEqual([read, write]);
    expect(named(ofS3('PUT /b/k?partNumber=1&uploadId=u', { headers }))).toEqual([read, write]);
  });

  it.each([
    ['PUT /b/k', 'true'],
    ['POST /b/k?uploadId=u', 'true'],
    ['POST /b/k?uploads=', 'false'],
    ['PUT /b/k?partNumber=1&uploadId=u', 'false'],
  ])('%s makes an object: %s', (line, makes) => {
    expect(ofS3(line)?.[0]?.context).toEqual({ 's3:ObjectCreationOperation': makes });
  });

  it.each(['PUT /b/k', 'POST /b/k?uploadId=u'])('%s says if it spares what is there', (line) => {
    const [need] = ofS3(line, { headers: { 'if-none-match': '*' } }) ?? [];
    expect(need?.context).toMatchObject({ 's3:if-none-match': '*' });
  });

  it.each([
    ['x-amz-acl', 's3:PutObjectAcl'],
    ['x-amz-tagging', 's3:PutObjectTagging'],
    ['x-amz-object-lock-mode', 's3:PutObjectRetention'],
  ])('that sets %s needs %s', (name, action) => {
    for (const line of ['PUT /b/k', 'POST /b/k?uploads=']) {
      expect(named(ofS3(line, { headers: { [name]: 'x' } }))).toEqual([
        's3:PutObject arn:aws:s3:::b/k',
        `${action} arn:aws:s3:::b/k`,
      ]);
    }
  });

  it('that deletes many needs the right to each', () => {
    const body =
      '<Delete><Object><Key>a&amp;b</Key></Object>' +
      '<Object><Key>c</Key><VersionId>1</VersionId></Object></Delete>';
    expect(named(ofS3('POST /b?delete=', { body }))).toEqual([
      's3:DeleteObject arn:aws:s3:::b/a&b',
      's3:DeleteObjectVersion arn:aws:s3:::b/c',
    ]);
  });

  it.each(['GET /b/k?acl=', 'PUT /b?policy=', 'GET /b/k?torrent=', 'GET /', 'PATCH /b/k'])(
    '%s is not known',
    (line) => {
      expect(ofS3(line)).toBeUndefined();
    },
  );
});

describe('a request with a JSON protocol', () => {
  const queue = 'arn:aws:sqs:eu-west-1:111122223333:drops';

  it.each([
    ['SendMessage', 'SendMessage'],
    ['SendMessageBatch', 'SendMessage'],
    ['ChangeMessageVisibility', 'ChangeMessageVisibility'],
    ['DeleteMessageBatch', 'DeleteMessage'],
  ])('AmazonSQS.%s needs sqs:%s on the queue', (operation, action) => {
    const QueueUrl = 'http://localhost:4566/111122223333/drops';
    expect(named(ofJson(`AmazonSQS.${operation}`, { QueueUrl }))).toEqual([
      `sqs:${action} ${queue}`,
    ]);
  });

  it.each(['GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'])(
    '%s needs the ARN of a secret, which has six characters more than its name',
    (operation) => {
      const needs = named(ofJson(`secretsmanager.${operation}`, { SecretId: 'a/b' }));
      expect(needs).toHaveLength(1);
      expect(needs?.[0]).toMatch(/:secret:a\/b-\w{6}$/);
      expect(needs?.[0]).toContain(
        `secretsmanager:${operation} arn:aws:secretsmanager:eu-west-1:111122223333:`,
      );
    },
  );

  it.each(['GenerateDataKey', 'Encrypt', 'Decrypt'])('asks KMS to %s with a key', (operation) => {
    const arn = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd';
    for (const KeyId of [arn, '1234abcd']) {
      expect(named(ofJson(`TrentService.${operation}`, { KeyId }))).toEqual([
        `kms:${operation} ${arn}`,
      ]);
    }
  });

  it('asks KMS with a key that the request does not tell', () => {
    expect(ofJson('TrentService.Decrypt', { CiphertextBlob: 'AQ==' })).toBeUndefined();
    expect(ofJson('TrentService.Encrypt', { KeyId: 'alias/own' })).toBeUndefined();
  });

  it('puts events on each bus that its entries name', () => {
    const entry = { EventBusName: 'own', Source: 'us', DetailType: 'Done', Detail: '{}' };
    expect(ofJson('AWSEvents.PutEvents', { Entries: [entry, { Source: 'us' }] })).toEqual([
      {
        action: 'events:PutEvents',
        resource: 'arn:aws:events:eu-west-1:111122223333:event-bus/own',
        context: { 'events:source': 'us', 'events:detail-type': 'Done' },
      },
      {
        action: 'events:PutEvents',
        resource: 'arn:aws:events:eu-west-1:111122223333:event-bus/default',
        context: { 'events:source': 'us', 'events:detail-type': '' },
      },
    ]);
  });

  it.each([
    'AmazonSQS.PurgeQueue',
    'DynamoDB_20120810.PutItem',
    'secretsmanager.DeleteSecret',
    'TrentService.ScheduleKeyDeletion',
  ])('%s is not known', (target) => {
    expect(ofJson(target, { KeyId: '1234abcd' })).toBeUndefined();
  });
});

it('knows no other request', () => {
  const headers = { authorization: signedForS3.replace('/s3/', '/sts/') };
  expect(needsOf({ method: 'POST', url: '/', headers, status: 200 }, home)).toBeUndefined();
  const cbor = { method: 'POST', url: '/service/X/operation/Y', headers: {}, status: 200 };
  expect(needsOf(cbor, home)).toBeUndefined();
});
