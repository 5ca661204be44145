/** The project's name where AWS wants one: event source, metric namespace, layer path. */
export const product = 'workspace-sync';

/** CloudWatch namespace of every metric of the project. */
export const metricNamespace = 'WorkspaceSync';

/** Metrics that the job wrapper emits, with the dimensions `Deployment`, `Agent` and `Job`. */
export const metrics = {
  succeeded: 'RunSucceeded',
  partial: 'RunPartial',
  failed: 'RunFailed',
  blocked: 'RunBlocked',
  skipped: 'RunSkipped',
  duration: 'RunDuration',
  filesSent: 'FilesSent',
  filesDelivered: 'FilesDelivered',
  filesQuarantined: 'FilesQuarantined',
  notified: 'NotificationSent',
  notificationFailed: 'NotificationFailed',
  /** A webhook could not be reached, or asked to be left alone for a while; `Deployment` only. */
  notificationDelayed: 'NotificationDelayed',
  /** Seconds since the agent's newest snapshot passed its verification; `Deployment` and `Agent`. */
  verifiedAge: 'SnapshotVerifiedAge',
  /** US dollars: the estimate of what runs have used this month; `Deployment` only. */
  monthCost: 'MonthCost',
  /** 1 while the monthly cap holds back everything but backups; `Deployment` only. */
  paused: 'Paused',
} as const;

/** `source` of the domain's own events, and of those that a gateway sends about its sessions. */
export const eventSources = { own: 'workspace-sync', gateway: 'openclaw.gateway' } as const;

/** `detail-type`s on the event bus. */
export const eventTypes = {
  /** A run ended; detail is a JobReport. The job's name stands before it: `Sync Completed`. */
  completed: 'Completed',
  partial: 'Partially Completed',
  blocked: 'Blocked',
  failed: 'Failed',
  skipped: 'Skipped',
  inboxDelivered: 'Inbox Delivered',
  dropQuarantined: 'Drop Quarantined',
  /** Asks for the next leg of a run; detail is a JobRequest. */
  continuation: 'Run Continuation Requested',
  sessionStarted: 'Session Started',
  sessionEnded: 'Session Ended',
} as const;

/** The reserved folders. All of them are sacred at the root only. */
export const folders = {
  /** At the root of the workspace: files for the agent. */
  inbox: '_inbox',
  /** At the root of the cloud folder, and under `<agent>/` in the exchange bucket. */
  outbox: '_outbox',
  /** Under `_inbox`: one JSON receipt per drop. */
  receipts: '.receipts',
  /** At the root of the cloud folder: what a push deleted or overwrote, by date. */
  trash: '.trash',
  /** At the root of the cloud folder, and a prefix of the exchange bucket. */
  quarantine: '.quarantine',
  /** At the root of the cloud folder, and of workspaces that are not in S3: what was restored. */
  restored: '.restored',
  /** At the root of the workspace: what this product tells the agent, `status.json`. */
  own: '.workspace-sync',
} as const;

/** Where an agent finds what this product tells it, from the root of its workspace. */
export const statusPath = `${folders.own}/status.json`;

/** Path of an agent's workspace inside the workspace bucket. */
export function workspacePrefix(agent: string): string {
  return `${agent}/workspace/`;
}

/** Path of an agent's OpenClaw state, `~/.openclaw`, inside the workspace bucket. */
export function statePrefix(agent: string): string {
  return `${agent}/state/`;
}

/** Prefix in the workspace bucket under which restores put what they bring back, one folder each. */
export function restoredPrefix(agent: string): string {
  return `${agent}/restored/`;
}

/** Prefix in the exchange bucket under which a person drops files for an agent. */
export function dropPrefix(agent: string): string {
  return `${agent}/${folders.outbox}/`;
}

/** Prefix in the exchange bucket of drops that may not be delivered. */
export function quarantinePrefix(agent: string): string {
  return `${agent}/${folders.quarantine}/`;
}

/**
 * First part of the keys of the exchange bucket under which drops wait to be carried by rclone. No
 * agent's name begins with a dot; a lifecycle rule removes what a killed run leaves.
 */
export const stagingFolder = '.staging';

/** Prefix under which one run stages the drops of one agent. */
export function stagingPrefix(agent: string, runId: string): string {
  return `${stagingFolder}/${agent}/${runId}/`;
}

/** Key of objects in the state bucket, by kind first, so that lifecycle rules can name a kind. */
export const stateKeys = {
  lease: (scope: string): string => `leases/${scope}.json`,
  status: (agent: string, job: string): string => `status/${agent}/${job}.json`,
  history: (agent: string, day: string, runId: string): string =>
    `history/${agent}/${day}/${runId}.json`,
  /** What a run says of itself while it is at work: a RunningRecord. */
  running: (agent: string, job: string): string => `running/${agent}/${job}.json`,
  syncManifest: (agent: string): string => `manifests/${agent}/sync.json.gz`,
  ingestManifest: (agent: string): string => `manifests/${agent}/ingest.json.gz`,
  /** What the configuration was when an agent was last synchronised. */
  settings: (agent: string): string => `settings/${agent}/sync.json`,
  /** What bisync remembers of both sides. */
  bisync: (agent: string): string => `bisync/${agent}/state.json.gz`,
  drainJournal: (agent: string): string => `journals/${agent}/drain.json`,
  pendingDrops: (agent: string): string => `journals/${agent}/outbox.json`,
  notifications: (agent: string): string => `notifications/${agent}.json`,
  /** Why the deployment is paused, by its monthly cap; absent while it is not. */
  budget: 'budget.json',
  /** Checkpoints, baselines and holds of an agent's snapshots. */
  backup: (agent: string, name: string): string => `backups/${agent}/${name}`,
} as const;

/**
 * The block of an agent's configuration whose `${NAME}` references an entry answers. `passphrase` is
 * the one key `backup.passphrase`: listing and pruning need the storage's credentials, and must not
 * be able to read what opens the snapshots.
 */
export type SecretScope = 'sync' | 'backup' | 'passphrase' | 'webhook' | 'workspace';

/**
 * Name in Secrets Manager of the JSON object that answers the `${NAME}` references of one scope of
 * an agent's configuration. One entry per scope, so that each role reads only what its job needs.
 */
export function secretName(deployment: string, agent: string, scope: SecretScope): string {
  return `${product}/${deployment}/${agent}/${scope}`;
}
