import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type LifecycleRule,
  ObjectLockRetention,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { ObjectLock } from '../../functions/shared/config/index.ts';
import { linksFolder, linkStates } from '../../functions/shared/contract/drop-links.ts';
import { stagingFolder } from '../../functions/shared/contract/index.ts';
import { acknowledge } from './nag.ts';

/**
 * The four buckets of a deployment. They differ in who may touch them, so that a role's policy names
 * a bucket and not a maze of prefixes.
 *
 * All of them are versioned: a function or a person that overwrites or deletes by mistake leaves the
 * old version for some days, and a drain deletes exactly the version that it has delivered. All are
 * retained: `cdk destroy` never takes anybody's files.
 */
export class Buckets extends Construct {
  /** The agents' workspaces, where the deployment keeps them: `<agent>/workspace/`. */
  readonly workspace: Bucket;
  /** Where people drop files for agents: `<agent>/_outbox/`; its events start the drain. */
  readonly exchange: Bucket;
  /** Snapshots: `<agent>/`. What is there cannot be overwritten, and only `prune` may delete. */
  readonly snapshots: Bucket;
  /** Leases, status, history and manifests of the runs. */
  readonly state: Bucket;

  constructor(scope: Construct, id: string, objectLock?: ObjectLock) {
    super(scope, id);
    this.workspace = this.bucket('Workspace', keepOldVersions({ days: 30, unfinishedUploads: 7 }));
    // A name that is dropped twice is two drops, the older of which is an old version: it has to
    // outlive a pause by the monthly cap, a month at most. What is delivered is deleted for good.
    this.exchange = this.bucket('Exchange', [
      ...keepOldVersions({ days: 60, unfinishedUploads: 1 }),
      // Copies on their way to rclone: what a killed run leaves is nobody's only copy.
      shortLived('staging', stagingFolder, 1),
      // A link lives a week at most: its page, its receipts and what was refused of it go after that.
      shortLived('links', linksFolder, 8),
    ]);
    this.snapshots = this.bucket(
      'Snapshots',
      keepOldVersions({ days: 30, unfinishedUploads: 7 }),
      objectLock && retention(objectLock),
    );
    forbidOverwriting(this.snapshots);
    this.state = this.bucket('State', [
      ...keepOldVersions({ days: 7, unfinishedUploads: 7 }),
      { id: 'history', prefix: 'history/', expiration: Duration.days(90) },
      // What the drain holds a link's drops to: longer than a link lives and a pause by the monthly
      // cap lasts, for a drop that came on a link's last day may wait through all of a month.
      ...Object.values(linkStates).map((kind) => ({
        id: kind,
        prefix: `${kind}/`,
        expiration: Duration.days(90),
      })),
    ]);
    announceObjects(this.exchange);
  }

  private bucket(
    id: string,
    lifecycleRules: LifecycleRule[],
    objectLockDefaultRetention?: ObjectLockRetention,
  ): Bucket {
    const bucket = new Bucket(this, id, {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      versioned: true,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules,
      ...(objectLockDefaultRetention && { objectLockEnabled: true, objectLockDefaultRetention }),
    });
    acknowledge(
      bucket,
      'S1',
      'Access logs of private buckets that only named roles reach would cost more than the buckets; CloudTrail data events can be switched on for an account that wants them.',
    );
    return bucket;
  }
}

function retention({ mode, days }: ObjectLock): ObjectLockRetention {
  return ObjectLockRetention[mode](Duration.days(days));
}

/**
 * Every request that makes an object has to carry `If-None-Match`, which S3 refuses where the name is
 * taken. It binds everybody, whatever their role allows: a snapshot cannot be replaced by another,
 * nor a manifest be changed. Parts of an upload make no object; ending the upload does.
 */
function forbidOverwriting(bucket: Bucket): void {
  bucket.addToResourcePolicy(
    new PolicyStatement({
      sid: 'NothingIsOverwritten',
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ['s3:PutObject'],
      resources: [bucket.arnForObjects('*')],
      conditions: {
        Null: { 's3:if-none-match': 'true' },
        Bool: { 's3:ObjectCreationOperation': 'true' },
      },
    }),
  );
}

/** Deleted and overwritten objects stay for some days, and nothing stays for ever by accident. */
function keepOldVersions(keep: { days: number; unfinishedUploads: number }): LifecycleRule[] {
  return [
    {
      id: 'old-versions',
      noncurrentVersionExpiration: Duration.days(keep.days),
      expiredObjectDeleteMarker: true,
      abortIncompleteMultipartUploadAfter: Duration.days(keep.unfinishedUploads),
    },
  ];
}

/** A folder of which no drop is a part: S3 goes by the shortest time of all rules that fit a key. */
function shortLived(id: string, folder: string, days: number): LifecycleRule {
  return {
    id,
    prefix: `${folder}/`,
    expiration: Duration.days(days),
    noncurrentVersionExpiration: Duration.days(1),
  };
}

/**
 * Has S3 send the bucket's events to the default event bus. The property of the plain resource is
 * used because the construct's own option would bring a custom resource along, a function with
 * rights over every bucket's notifications.
 */
function announceObjects(bucket: Bucket): void {
  (bucket.node.defaultChild as CfnBucket).notificationConfiguration = {
    eventBridgeConfiguration: { eventBridgeEnabled: true },
  };
}
