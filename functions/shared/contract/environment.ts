/**
 * Names of the environment variables that the infrastructure sets and the functions read.
 * None of them ever holds a secret.
 */
export const environment = {
  /** The deployment's name: prefix of its secrets and dimension of its metrics. */
  deployment: 'DEPLOYMENT',
  workspaceBucket: 'WORKSPACE_BUCKET',
  exchangeBucket: 'EXCHANGE_BUCKET',
  snapshotBucket: 'SNAPSHOT_BUCKET',
  stateBucket: 'STATE_BUCKET',
  eventBus: 'EVENT_BUS',
  /** URL of the queue from which `notify` posts to webhooks. */
  notificationQueue: 'NOTIFICATION_QUEUE_URL',
  /** URL of the queue that keeps notifications which may never be retried. */
  deadNotificationQueue: 'DEAD_NOTIFICATION_QUEUE_URL',
  /** URL of the queue that carries drop events to `drain`. */
  dropQueue: 'DROP_QUEUE_URL',
  /** URLs of the queues that keep what nobody could handle; `status` counts it. */
  deadDropQueue: 'DEAD_DROP_QUEUE_URL',
  deadScheduleQueue: 'DEAD_SCHEDULE_QUEUE_URL',
  deadRequestQueue: 'DEAD_REQUEST_QUEUE_URL',
  /** The function's own configured timeout: some runtimes do not report the time that remains. */
  functionTimeoutSeconds: 'FUNCTION_TIMEOUT_SECONDS',
  /** Seconds that a leg may take, where it should be less than the function's timeout. */
  legSeconds: 'LEG_SECONDS',
  /** `AWS`, or `Other` for an S3 that is not Amazon's (rclone's word for it). */
  s3Provider: 'S3_PROVIDER',
  /** Overrides where rclone is looked for. */
  rclonePath: 'RCLONE_BINARY',
  /** Overrides the folder of `<agent>.json` files; by default it lies beside the bundle. */
  agentsDirectory: 'AGENTS_DIRECTORY',
  /** US dollars a month beyond which only backups run; absent where there is no cap. */
  monthlyCap: 'MONTHLY_CAP',
  /** `on` where runs are traced by X-Ray. */
  tracing: 'TRACING',
  logLevel: 'POWERTOOLS_LOG_LEVEL',
} as const;
