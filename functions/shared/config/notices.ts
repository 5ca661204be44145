import type { AgentConfig } from './agent.ts';
import { minimumBackupInterval } from './backup.ts';
import { backupNotices } from './backup-notices.ts';
import type { Notice } from './problems.ts';
import { isRecord, objectAt } from './raw.ts';
import { valueAt } from './schema-walk.ts';
import type { Site } from './site.ts';
import { intervalMinutes } from './sync.ts';

/** What was accepted otherwise than it was written, and what will not do what it seems to. */
export function noticesFor(input: unknown, agent: AgentConfig, site: Site): Notice[] {
  const raw = isRecord(input) ? input : {};
  const notice = (path: string[], message: string): Notice => ({ key: site.keyOf(path), message });
  const notices = ineffective(raw).map((path) =>
    notice(path, 'has no effect here: each run makes its own rclone configuration'),
  );
  const { sync, backup } = agent;
  if (valueAt(raw, ['sync', 'interval']) !== sync.interval && sync.interval > 0) {
    const minutes = intervalMinutes(sync);
    const message = `rounded up to ${sync.interval} seconds: schedules run on whole minutes, here every ${minutes}`;
    notices.push(notice(['sync', 'interval'], message));
  }
  const backupInterval = valueAt(raw, ['backup', 'interval']);
  if (backupInterval !== undefined && backupInterval !== backup.interval) {
    const isMinimum = backup.interval === minimumBackupInterval;
    const message = isMinimum
      ? `raised to ${backup.interval} seconds, the minimum`
      : `rounded up to ${backup.interval} seconds: schedules run on whole minutes`;
    notices.push(notice(['backup', 'interval'], message));
  }
  const others = [...withoutConsequence(agent), ...backupNotices(agent)];
  return [...notices, ...others.map(([path, text]) => notice(path, text))];
}

/** Keys of the plugin that are given and mean nothing in a deployment. */
function ineffective(raw: Readonly<Record<string, unknown>>): string[][] {
  const defaults: Record<string, string> = { sync: 'cloud', backup: 'backup' };
  return ['sync', 'backup'].flatMap((block) => {
    const { remoteName, configPath } = objectAt(raw, block);
    const renamed = remoteName !== undefined && remoteName !== defaults[block];
    return [
      ...(renamed ? [[block, 'remoteName']] : []),
      ...(configPath === undefined ? [] : [[block, 'configPath']]),
    ];
  });
}

function withoutConsequence({ sync, webhook }: AgentConfig): [string[], string][] {
  const found: [string[], string][] = [];
  if (sync.provider === 'off') {
    found.push([
      ['sync', 'provider'],
      'is "off": nothing is synchronised, only drops are delivered',
    ]);
  }
  if (sync.ingest && sync.mode !== 'mirror') {
    found.push([['sync', 'ingest'], 'has an effect in mode "mirror" only']);
  }
  if (webhook !== undefined && !sync.notifyOnInbox) {
    found.push([['webhook'], 'is never called while sync.notifyOnInbox is false']);
  }
  return found;
}
