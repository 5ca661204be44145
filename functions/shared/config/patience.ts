import type { AgentConfig } from './agent.ts';

/** CloudWatch looks back seven days at most. */
const mostHours = 7 * 24;

/**
 * After how many hours without success an agent is silent: three intervals, or as long as one
 * interval and one run may take, at least one hour. None without a schedule, and none where the
 * interval alone is longer than an alarm can look back.
 */
export function hoursOfSilence({ sync }: AgentConfig): number | undefined {
  if (sync.interval === 0 || sync.interval >= mostHours * 3600) return undefined;
  const patience = Math.max(3 * sync.interval, sync.interval + sync.timeout, 3600);
  return Math.min(Math.ceil(patience / 3600), mostHours);
}

/**
 * After how many hours without a new snapshot something is wrong: one interval and the longest that
 * one backup may take, and an hour because periods begin on the hour. Two intervals would be
 * friendlier, and a day too late for somebody who needs yesterday's files. None where the interval
 * alone is longer than an alarm can look back.
 */
export function hoursWithoutBackup({ backup }: AgentConfig): number | undefined {
  if (backup.interval >= mostHours * 3600) return undefined;
  return Math.min(Math.ceil((backup.interval + backup.timeout) / 3600) + 1, mostHours);
}

/**
 * Seconds after which the newest verified snapshot is too old: it was verified one interval ago, one
 * backup older than that, and a day for whatever was late. None where nothing verifies by schedule.
 */
export function oldestVerified({ backup }: AgentConfig): number | undefined {
  if (!backup.enabled || backup.verifyInterval === 0) return undefined;
  return backup.verifyInterval + backup.interval + 24 * 3600;
}
