/** GB of AWS's price list: storage and transfer are metered in powers of two. */
export const gigabyte = 2 ** 30;

/** Hours of a month, as AWS prices one. */
export const hoursPerMonth = 730;

/**
 * US dollars in us-east-1, without free tiers, which an account's other programs may have used up.
 * Entered by hand in November 2026; the page behind each name has today's. Other regions are up to
 * twice as dear.
 */
export const prices = {
  /** https://aws.amazon.com/lambda/pricing/: arm64, the first 7.5 billion GB-seconds of a month. */
  lambdaGbSecond: 0.0000133334,
  /** https://aws.amazon.com/lambda/pricing/: requests. */
  lambdaCall: 0.2 / 1e6,
  /** https://aws.amazon.com/s3/pricing/: S3 Standard, PUT, COPY, POST, LIST. */
  s3Write: 0.005 / 1e3,
  /** https://aws.amazon.com/s3/pricing/: S3 Standard, GET and all others. */
  s3Read: 0.0004 / 1e3,
  /** https://aws.amazon.com/s3/pricing/: S3 Standard, the first 50 TB, for a GB and a month. */
  s3GbMonth: 0.023,
  /** https://aws.amazon.com/ec2/pricing/on-demand/: transfer to the internet, the first 10 TB. */
  gbOut: 0.09,
  /** https://aws.amazon.com/eventbridge/pricing/: custom events, and S3's, which one opts in to. */
  event: 1 / 1e6,
  /** https://aws.amazon.com/eventbridge/pricing/: Scheduler, invocations. */
  scheduledCall: 1 / 1e6,
  /** https://aws.amazon.com/sqs/pricing/: standard queues, requests. */
  queueRequest: 0.4 / 1e6,
  /** https://aws.amazon.com/secrets-manager/pricing/: an entry and a month. */
  secretMonth: 0.4,
  /** https://aws.amazon.com/secrets-manager/pricing/: API calls. */
  secretCall: 0.05 / 1e4,
  /** https://aws.amazon.com/cloudwatch/pricing/: custom metrics, metered by the hours with values. */
  metricHour: 0.3 / hoursPerMonth,
  /** https://aws.amazon.com/cloudwatch/pricing/: standard resolution, for each metric of an alarm. */
  alarmMetricMonth: 0.1,
  /** https://aws.amazon.com/cloudwatch/pricing/: a dashboard beyond the account's first three. */
  dashboardMonth: 3,
  /** https://aws.amazon.com/cloudwatch/pricing/: logs collected, standard class. */
  logGb: 0.5,
  /** https://aws.amazon.com/xray/pricing/: traces recorded. */
  trace: 5 / 1e6,
} as const;
