import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { bucketOf, type Context } from '../context.ts';

const dayMs = 24 * 3600 * 1000;

/**
 * Bytes in the deployment's buckets, older versions included, as S3 tells CloudWatch once a day for
 * nothing; `undefined` where it has not yet.
 */
export async function storedBytes(context: Context, now: number): Promise<number | undefined> {
  const client = new CloudWatchClient(context.target.client);
  try {
    const buckets = (['Workspace', 'Exchange', 'Snapshot', 'State'] as const).map((which) =>
      bytesIn(client, bucketOf(context, which), now),
    );
    const known = (await Promise.all(buckets)).filter((bytes) => bytes !== undefined);
    return known.length === 0 ? undefined : known.reduce((all, bytes) => all + bytes, 0);
  } finally {
    client.destroy();
  }
}

async function bytesIn(
  client: CloudWatchClient,
  bucket: string,
  now: number,
): Promise<number | undefined> {
  const { Datapoints = [] } = await client.send(
    new GetMetricStatisticsCommand({
      Namespace: 'AWS/S3',
      MetricName: 'BucketSizeBytes',
      Dimensions: [
        { Name: 'BucketName', Value: bucket },
        { Name: 'StorageType', Value: 'StandardStorage' },
      ],
      StartTime: new Date(now - 3 * dayMs),
      EndTime: new Date(now),
      Period: 86_400,
      Statistics: ['Average'],
    }),
  );
  return Datapoints.sort((a, b) => Number(b.Timestamp) - Number(a.Timestamp))[0]?.Average;
}
