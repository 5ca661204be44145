import { epochOf } from '../clock.ts';
import type { AgentConfig } from '../config/index.ts';
import { pushTarget } from '../config/push-target.ts';
import { folders, type RecoveryPoint, type SnapshotSummary } from '../contract/index.ts';
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
  const newest = copiesOf(agent, records).sort((a, b) => epochOf(b.at) - epochOf(a.at))[0];
  if (!newest) return { text: withoutCopy(agent, records) };
  const lossSeconds = Math.max(0, Math.round((now - epochOf(newest.at)) / 1_000));
  const sentences = [
    `If the workspace were lost now, ${lossText(newest, lossSeconds)} would be lost.`,
    ...caveats(agent, records, newest),
  ];
  return { ...newest, lossSeconds, text: sentences.join(' ') };
}

/** A cloud folder never has everything: of it alone nobody may be told that nothing would be lost. */
function lossText({ from }: Copy, seconds: number): string {
  if (seconds > 0) return `the last ${inWords(seconds)} of work`;
  return from === 'snapshot' ? 'nothing' : 'less than a second of work';
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

/** What was copied to another folder, or in another mode, says nothing of this one. */
function isCloudFolder(agent: AgentConfig, target: string | undefined): boolean {
  return agent.sync.provider !== 'off' && target === pushTarget(agent);
}

/** Of one that was found damaged the newest that was found good takes the place. */
function wholeSnapshot(
  { backup }: AgentConfig,
  { jobs }: AgentRecords,
): SnapshotSummary | undefined {
  // Snapshots that leave the workspace out keep something else.
  if (!backup.include.includes('workspace')) return undefined;
  const newest = jobs.backup?.status?.snapshot;
  const verify = jobs.verify?.status;
  return newest && verify && isDamaged(verify, newest) ? goodSnapshot(verify) : newest;
}

function caveats(agent: AgentConfig, records: AgentRecords, { at, from }: Copy): string[] {
  const partial = newerPartial(agent, records, at);
  return [
    ...(partial ? [partialText(partial)] : []),
    ...(from === 'cloud-folder' ? [whatIsElsewhere(agent)] : []),
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
): PartialPush | undefined {
  const partial = jobs.sync?.status?.lastPartialPush;
  if (!partial || !isCloudFolder(agent, partial.to)) return undefined;
  return at === undefined || partial.at > at ? partial : undefined;
}

function partialText({ at, skippedFiles }: PartialPush): string {
  return (
    `A newer copy, of ${at}, is in the cloud folder, but for ${plural(skippedFiles, 'file')} ` +
    'that could not be copied.'
  );
}

/** What to do where there is no copy at all. */
function withoutCopy(agent: AgentConfig, records: AgentRecords): string {
  const { sync, backup, name } = agent;
  const partial = newerPartial(agent, records, undefined);
  const lost = 'If the workspace were lost now, all of it would be lost';
  if (partial) {
    const rest = whatIsElsewhere(agent);
    return `${lost} that is not in the last copy. ${partialText(partial)} ${rest}`;
  }
  const none = `${lost}: there is no copy of it elsewhere.`;
  if (backup.enabled) return `${none} Take a snapshot: workspace-sync backup now --agent ${name}.`;
  if (sync.provider !== 'off' && sync.mode !== 'mirror') {
    return `${none} Run a sync: workspace-sync sync --agent ${name}.`;
  }
  return `${none} Set backup.enabled in the configuration, and deploy.`;
}
