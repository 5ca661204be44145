import type { AgentConfig } from './agent.ts';

/** CloudWatch looks back seven days at most. */
const mostHours = 7 * 24;

/**
 * After how many hours without success a sync is overdue: three intervals, or as long as one interval
 * and one run may take, at least one hour. None without a schedule.
 */
export function hoursUntilSyncOverdue({ sync }: AgentConfig): number | undefined {
  if (sync.interval === 0) return undefined;
  const patience = Math.max(3 * sync.interval, sync.interval + sync.timeout, 3600);
  return Math.ceil(patience / 3600);
}

/**
 * After how many hours without a new snapshot a backup is overdue: one interval and the longest that
 * one backup may take, and an hour because periods begin on the hour. Two intervals would be
 * friendlier, and a day too late for somebody who needs yesterday's files.
 */
export function hoursUntilBackupOverdue({ backup }: AgentConfig): number {
  return Math.ceil((backup.interval + backup.timeout) / 3600) + 1;
}

/**
 * After how many hours without success an alarm calls an agent silent: as soon as its sync is overdue,
 * and no later than an alarm can look back. None where the interval alone is longer than that.
 */
export function hoursOfSilence(agent: AgentConfig): number | undefined {
  return withinAlarm(agent.sync.interval, hoursUntilSyncOverdue(agent));
}

/** The same without a new snapshot. */
export function hoursWithoutBackup(agent: AgentConfig): number | undefined {
  return withinAlarm(agent.backup.interval, hoursUntilBackupOverdue(agent));
}

function withinAlarm(interval: number, hours: number | undefined): number | undefined {
  if (hours === undefined || interval >= mostHours * 3600) return undefined;
  return Math.min(hours, mostHours);
}

/**
 * Seconds after which the newest verified snapshot is too old: it was verified one interval ago, one
 * backup older than that, and a day for whatever was late. None where nothing verifies by schedule.
 */
export function oldestVerified({ backup }: AgentConfig): number | undefined {
  if (!backup.enabled || backup.verifyInterval === 0) return undefined;
  return backup.verifyInterval + backup.interval + 24 * 3600;
}
