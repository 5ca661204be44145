/** Where the runbook is when nobody says: in the project's own folder. */
export const runbookFile = 'docs/runbook.md';

/** Anchors of the runbook's headings that alarms and problems point to. */
export const runbookAnchors = {
  syncFailed: 'a-sync-of-an-agent-failed',
  syncBlocked: 'a-guard-blocked-a-sync',
  syncSilent: 'no-sync-of-an-agent-has-succeeded',
  runSkipped: 'a-run-was-skipped',
  backupFailed: 'a-backup-of-an-agent-failed',
  backupSilent: 'no-backup-of-an-agent-has-succeeded',
  verifyFailed: 'a-snapshot-could-not-be-verified',
  verifiedTooOld: 'no-snapshot-has-been-verified-for-too-long',
  pruneBlocked: 'pruning-is-held-back',
  deadDrops: 'dead-letters-drops',
  deadNotifications: 'dead-letters-notifications',
  deadRequests: 'dead-letters-schedules-and-requests',
  webhookFailing: 'a-webhook-does-not-answer',
  throttled: 'functions-are-throttled',
  paused: 'the-monthly-cap-is-reached',
} as const;

export type RunbookAnchor = (typeof runbookAnchors)[keyof typeof runbookAnchors];
