import { describe, expect, it } from 'vitest';
import { Match } from 'aws-cdk-lib/assertions';
import { givenAgent, givenDeployment, resource, resources } from './fixtures.ts';
import { readable } from './policies.ts';

const { template } = givenDeployment([givenAgent('ann')]);
const bucketIds = ['BucketsWorkspace', 'BucketsExchange', 'BucketsSnapshots', 'BucketsState'];

interface Rule {
  Id: string;
  Prefix?: string;
  ExpirationInDays?: number;
  ExpiredObjectDeleteMarker?: boolean;
  NoncurrentVersionExpiration?: { NoncurrentDays: number };
  AbortIncompleteMultipartUpload?: { DaysAfterInitiation: number };
}

function lifecycleOf(bucket: string): Rule[] {
  const { Properties } = resource(template, 'AWS::S3::Bucket', bucket);
  return (Properties['LifecycleConfiguration'] as { Rules: Rule[] }).Rules;
}

describe('buckets', () => {
  it('are four', () => {
    expect(resources(template, 'AWS::S3::Bucket')).toHaveLength(4);
  });

  describe.each(bucketIds)('%s', (id) => {
    const bucket = resource(template, 'AWS::S3::Bucket', id);

    it('is encrypted, versioned, private, and has no fixed name', () => {
      expect(bucket.Properties).toMatchObject({
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
          ],
        },
        VersioningConfiguration: { Status: 'Enabled' },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      });
      expect(bucket.Properties).not.toHaveProperty('BucketName');
    });

    it('outlives the stack', () => {
      expect(bucket).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    });

    it('refuses requests without TLS', () => {
      template.hasResourceProperties('AWS::S3::BucketPolicy', {
        Bucket: { Ref: Match.stringLikeRegexp(`^${id}`) },
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({
              Effect: 'Deny',
              Action: 's3:*',
              Principal: { AWS: '*' },
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            }),
          ]),
        },
      });
    });

    it('removes delete markers that hide nothing', () => {
      expect(lifecycleOf(id)[0]).toMatchObject({ ExpiredObjectDeleteMarker: true });
    });
  });

  it.each([
    ['BucketsWorkspace', 30, 7],
    ['BucketsExchange', 60, 1],
    ['BucketsSnapshots', 30, 7],
    ['BucketsState', 7, 7],
  ])('%s keeps old versions for %i days and unfinished uploads for %i', (id, days, uploads) => {
    expect(lifecycleOf(id)[0]).toMatchObject({
      NoncurrentVersionExpiration: { NoncurrentDays: days },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: uploads },
    });
  });

  it('expire nothing that is current, apart from history, staged copies and drop links', () => {
    const expiring = bucketIds.flatMap((id) =>
      lifecycleOf(id)
        .filter((rule) => rule.ExpirationInDays !== undefined)
        .map((rule) => [id, rule.Prefix, rule.ExpirationInDays]),
    );
    expect(expiring).toEqual([
      ['BucketsExchange', '.staging/', 1],
      ['BucketsExchange', '.links/', 8],
      ['BucketsState', 'history/', 90],
      ['BucketsState', 'links/', 90],
      ['BucketsState', 'link-slots/', 90],
    ]);
  });

  // A name dropped twice is two drops, the older of which is an old version until it is delivered.
  it('keep drops for longer than a pause by the monthly cap lasts, and what is no drop shorter', () => {
    const kept = lifecycleOf('BucketsExchange').map((rule) => [
      rule.Prefix,
      rule.NoncurrentVersionExpiration?.NoncurrentDays,
    ]);
    expect(kept).toEqual([
      [undefined, 60],
      ['.staging/', 1],
      ['.links/', 1],
    ]);
  });

  it('lets nobody overwrite a snapshot', () => {
    const { Properties } = resource(template, 'AWS::S3::BucketPolicy', 'BucketsSnapshots');
    const { Statement } = Properties['PolicyDocument'] as { Statement: Record<string, unknown>[] };
    const { Resource, ...denial } = Statement.find(({ Action }) => Action === 's3:PutObject') ?? {};
    expect(readable(Resource)).toBe('<BucketsSnapshots.Arn>/*');
    expect(denial).toEqual({
      Sid: 'NothingIsOverwritten',
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 's3:PutObject',
      Condition: {
        Null: { 's3:if-none-match': 'true' },
        Bool: { 's3:ObjectCreationOperation': 'true' },
      },
    });
  });

  it.each(['governance', 'compliance'] as const)('lock snapshots when asked to: %s', (mode) => {
    const { template: locked } = givenDeployment([givenAgent('ann')], {
      snapshots: { objectLock: { mode, days: 30 } },
    });
    expect(resource(locked, 'AWS::S3::Bucket', 'BucketsSnapshots').Properties).toMatchObject({
      ObjectLockEnabled: true,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: mode.toUpperCase(), Days: 30 } },
      },
    });
    const lockedBuckets = resources(locked, 'AWS::S3::Bucket').filter(({ Properties }) =>
      Object.hasOwn(Properties, 'ObjectLockEnabled'),
    );
    expect(lockedBuckets).toHaveLength(1);
    expect(JSON.stringify(template.toJSON())).not.toContain('ObjectLock');
  });

  it('announce objects only where people drop them', () => {
    const announcing = bucketIds.filter((id) =>
      JSON.stringify(resource(template, 'AWS::S3::Bucket', id)).includes('EventBridgeEnabled'),
    );
    expect(announcing).toEqual(['BucketsExchange']);
  });
});
