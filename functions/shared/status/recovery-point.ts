import { epochOf } from '../clock.ts';
import { backupScope } from '../config/backup-scope.ts';
import type { AgentConfig } from '../config/index.ts';
import { pushTarget } from '../config/push-target.ts';
import { folders, type RecoveryPoint, type SnapshotSummary } from '../contract/index.ts';
import { clockToleranceMs } from '../retention/effective-time.ts';
import { goodSnapshot, isDamaged } from '../runtime/job-status.ts';
import { inWords, plural } from './duration.ts';
import type { AgentRecords } from './records.ts';

/**
 * What would be lost if the workspace died now: all that was done since the newest whole copy of it was
 * begun, in the cloud folder or in a snapshot. A copy that misses files is none, and is spoken of.
 */
export function recoveryPoint(
  agent: AgentConfig,
  records: AgentRecords,
  now: number,
): RecoveryPoint {
  const copies = copiesOf(agent, records).filter(({ at }) => isPast(at, now));
  const newest = copies.sort((a, b) => epochOf(b.at) - epochOf(a.at))[0];
  if (!newest) return { text: withoutCopy(agent, records, now) };
  const lossSeconds = Math.max(0, Math.round((now - epochOf(newest.at)) / 1_000));
  const sentences = [
    `If the workspace were lost now, ${lossText(agent, newest, lossSeconds)} would be lost.`,
    ...caveats(agent, records, newest, now),
  ];
  return { ...newest, lossSeconds, text: sentences.join(' ') };
}

/** How old a copy from the future is, nobody can tell. */
function isPast(at: string, now: number): boolean {
  return epochOf(at) <= now + clockToleranceMs;
}

/** Of a copy that never has everything, as a cloud folder, nobody may be told that nothing would be lost. */
function lossText({ backup }: AgentConfig, { from }: Copy, seconds: number): string {
  if (seconds > 0) return `the last ${inWords(seconds)} of work`;
  const isAll = from === 'snapshot' && backup.exclude.length === 0;
  return isAll ? 'nothing' : 'less than a second of work';
}

interface Copy {
  at: string;
  from: 'cloud-folder' | 'snapshot';
}

function copiesOf(agent: AgentConfig, records: AgentRecords): Copy[] {
  const { lastPushedAt, lastPushedTo } = records.jobs.sync?.status ?? {};
  const pushed = isCloudFolder(agent, lastPushedTo) ? lastPushedAt : undefined;
  const snapshot = wholeSnapshot(agent, records);
  return [
    ...(pushed === undefined ? [] : [{ at: pushed, from: 'cloud-folder' as const }]),
    ...(snapshot ? [{ at: snapshot.createdAt, from: 'snapshot' as const }] : []),
  ];
}

/** What was copied to another folder, in another mode or with another filter, says nothing of now. */
function isCloudFolder(agent: AgentConfig, target: string | undefined): boolean {
  return agent.sync.provider !== 'off' && target === pushTarget(agent);
}

/**
 * Of one that was found damaged the newest that was found good takes the place. Snapshots that hold
 * something else than the configuration says now, or another workspace, are no copies of this one.
 */
function wholeSnapshot(agent: AgentConfig, { jobs }: AgentRecords): SnapshotSummary | undefined {
  const { snapshot: newest, snapshotScope: scope } = jobs.backup?.status ?? {};
  if (!agent.backup.include.includes('workspace') || scope?.name !== backupScope(agent)) {
    return undefined;
  }
  const verify = jobs.verify?.status;
  const best = newest && verify && isDamaged(verify, newest) ? goodSnapshot(verify) : newest;
  if (!best || epochOf(best.createdAt) < epochOf(scope.since)) return undefined;
  return best.missing?.includes('workspace') ? undefined : best;
}

function caveats(
  agent: AgentConfig,
  records: AgentRecords,
  { at, from }: Copy,
  now: number,
): string[] {
  const partial = newerPartial(agent, records, at, now);
  return [
    ...(partial ? [partialText(partial)] : []),
    ...(from === 'cloud-folder' ? [whatIsElsewhere(agent)] : whatIsExcluded(agent)),
  ];
}

function whatIsExcluded({ backup }: AgentConfig): string[] {
  if (backup.exclude.length === 0) return [];
  return [
    'Not in the snapshot is what backup.exclude leaves out, or sync.exclude where that is not set.',
  ];
}

function whatIsElsewhere({ sync: { localPath, exclude } }: AgentConfig): string {
  const excluded = exclude.length > 0 ? ', nor what sync.exclude leaves out' : '';
  if (localPath === '')
    return `Not in the cloud folder is what lies in ${folders.inbox}${excluded}.`;
  return (
    `In the cloud folder is ${JSON.stringify(localPath)} alone, not the rest of the workspace such ` +
    `as ${folders.inbox}${excluded}.`
  );
}

interface PartialPush {
  at: string;
  skippedFiles: number;
}

function newerPartial(
  agent: AgentConfig,
  { jobs }: AgentRecords,
  at: string | undefined,
  now: number,
): PartialPush | undefined {
  const partial = jobs.sync?.status?.lastPartialPush;
  if (!partial || !isCloudFolder(agent, partial.to) || !isPast(partial.at, now)) return undefined;
  return at === undefined || partial.at > at ? partial : undefined;
}

function partialText({ at, skippedFiles }: PartialPush): string {
  return (
    `A newer copy, of ${at}, is in the cloud folder, but for ${plural(skippedFiles, 'file')} ` +
    'that could not be copied.'
  );
}

/** What to do where there is no copy at all, or none that says anything of what would be lost now. */
function withoutCopy(agent: AgentConfig, records: AgentRecords, now: number): string {
  const { sync, backup, name } = agent;
  const partial = newerPartial(agent, records, undefined, now);
  const lost = 'If the workspace were lost now, all of it would be lost';
  if (partial) {
    const rest = whatIsElsewhere(agent);
    return `${lost} that is not in the last copy. ${partialText(partial)} ${rest}`;
  }
  const none = `${lost}: there is no copy of it elsewhere${hasEarlier(records) ? earlier : ''}.`;
  if (backup.enabled) return `${none} Take a snapshot: workspace-sync backup now --agent ${name}.`;
  if (sync.provider !== 'off' && sync.mode !== 'mirror') {
    return `${none} Run a sync: workspace-sync sync --agent ${name}.`;
  }
  return `${none} Set backup.enabled in the configuration, and deploy.`;
}

const earlier = ' that is whole and was made as the configuration is now';

/** Whether there are copies at all, though none that counts. */
function hasEarlier({ jobs }: AgentRecords): boolean {
  return (
    jobs.sync?.status?.lastPushedAt !== undefined || jobs.backup?.status?.snapshot !== undefined
  );
}
