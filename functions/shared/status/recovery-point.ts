import { epochOf } from '../clock.ts';
import type { AgentConfig } from '../config/index.ts';
import type { RecoveryPoint } from '../contract/index.ts';
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
  const work = `the last ${inWords(lossSeconds)} of work`;
  const sentences = [
    `If the workspace were lost now, ${lossSeconds === 0 ? 'nothing' : work} would be lost.`,
    ...caveats(agent, records, newest),
  ];
  return { ...newest, lossSeconds, text: sentences.join(' ') };
}

interface Copy {
  at: string;
  from: 'cloud-folder' | 'snapshot';
}

function copiesOf({ sync, backup }: AgentConfig, { jobs }: AgentRecords): Copy[] {
  const pushed = sync.provider === 'off' ? undefined : jobs.sync?.status?.lastPushedAt;
  // Snapshots that leave the workspace out keep something else.
  const snapshot = backup.include.includes('workspace') ? jobs.backup?.status?.snapshot : undefined;
  return [
    ...(pushed === undefined ? [] : [{ at: pushed, from: 'cloud-folder' as const }]),
    ...(snapshot ? [{ at: snapshot.createdAt, from: 'snapshot' as const }] : []),
  ];
}

function caveats({ sync }: AgentConfig, records: AgentRecords, { at, from }: Copy): string[] {
  const partial = newerPartial(records, at);
  const folder = JSON.stringify(sync.localPath);
  return [
    ...(partial ? [partialText(partial)] : []),
    ...(from === 'cloud-folder' && sync.localPath !== ''
      ? [`In the cloud folder is ${folder} alone, not the rest of the workspace.`]
      : []),
  ];
}

interface PartialPush {
  at: string;
  skippedFiles: number;
}

function newerPartial({ jobs }: AgentRecords, at: string | undefined): PartialPush | undefined {
  const partial = jobs.sync?.status?.lastPartialPush;
  return partial && (at === undefined || partial.at > at) ? partial : undefined;
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
  const partial = newerPartial(records, undefined);
  const lost = 'If the workspace were lost now, all of it would be lost';
  if (partial) return `${lost} that is not in the last copy. ${partialText(partial)}`;
  const none = `${lost}: there is no copy of it elsewhere.`;
  if (backup.enabled) return `${none} Take a snapshot: workspace-sync backup now --agent ${name}.`;
  if (sync.provider !== 'off' && sync.mode !== 'mirror') {
    return `${none} Run a sync: workspace-sync sync --agent ${name}.`;
  }
  return `${none} Set backup.enabled in the configuration, and deploy.`;
}
