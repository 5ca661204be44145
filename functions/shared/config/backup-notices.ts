import type { AgentConfig } from './agent.ts';
import type { backupItems } from './backup.ts';
import { syncedFolder } from './check-place.ts';

/** What OpenClaw keeps beside the workspace, under `~/.openclaw`. */
export const stateItems: ReadonlySet<(typeof backupItems)[number]> = new Set([
  'config',
  'cron',
  'sessions',
  'credentials',
  'hooks',
  'extensions',
  'agents',
  'transcripts',
]);

/** What of an agent's `backup` will not do what it seems to; the key of each, and why. */
export function backupNotices(agent: AgentConfig): [string[], string][] {
  const { backup } = agent;
  const found: [string[], string][] = unusedKeys(agent);
  if (!backup.enabled) return found;
  if (syncedFolder(agent)?.certain === false) {
    const why = `lies in the folder that sync keeps in step, if both are one account: a push would delete the snapshots`;
    found.push([['backup', 'remotePath'], why]);
  }
  if (isSealedForUs(agent)) {
    const why =
      'is the only key: this deployment cannot read its snapshots, so it verifies no more than ' +
      'that they are unchanged, and restores need the private key on your own machine';
    found.push([['backup', 'publicKey'], why]);
  }
  if (leavesStateOut(agent)) {
    const left = backup.include.filter((item) => stateItems.has(item)).join(', ');
    found.push([['workspace', 'statePath'], `is not set: snapshots cannot hold ${left}`]);
  }
  return found;
}

/** Keys of encryption that encrypt nothing. */
function unusedKeys({ backup }: AgentConfig): [string[], string][] {
  if (backup.encrypt) return [];
  const keys = ['passphrase', 'kmsKeyArn', 'publicKey'] as const;
  return keys
    .filter((key) => backup[key] !== undefined)
    .map((key) => [['backup', key], 'has no effect while backup.encrypt is false']);
}

function isSealedForUs({ backup }: AgentConfig): boolean {
  if (!backup.encrypt || backup.publicKey === undefined) return false;
  return backup.passphrase === undefined && backup.kmsKeyArn === undefined;
}

function leavesStateOut({ workspace, backup }: AgentConfig): boolean {
  if (workspace.kind === 's3' || workspace.statePath !== undefined) return false;
  return backup.include.some((item) => stateItems.has(item));
}
