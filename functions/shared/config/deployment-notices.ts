import type { AgentConfig } from './agent.ts';
import type { BackupConfig } from './backup.ts';
import { backupPlace } from './backup-place.ts';
import type { SnapshotsConfig } from './deployment.ts';
import type { Notice } from './problems.ts';
import { named } from './same-storage.ts';
import type { Path } from './schema-walk.ts';

/** An agent that is in order, and where it stands in the file. */
export interface PlacedAgent {
  agent: AgentConfig;
  keyOf: (path: Path) => string;
}

/** What concerns several agents, or an agent and the bucket that all of them share. */
export function deploymentNotices(
  agents: readonly PlacedAgent[],
  snapshots: SnapshotsConfig | undefined,
): Notice[] {
  const active = agents.filter(({ agent }) => agent.backup.enabled);
  return [...sharedPlaces(active), ...lockedLonger(active, snapshots?.objectLock?.days ?? 0)];
}

function sharedPlaces(agents: readonly PlacedAgent[]): Notice[] {
  const first = new Map<string, string>();
  return agents.flatMap(({ agent, ...site }) => {
    const place = placeName(agent);
    const other = first.get(place);
    if (other === undefined) {
      first.set(place, agent.name);
      return [];
    }
    const message = `keeps its snapshots where agent ${other} keeps its own, if both are one account: each handles only its own`;
    return [{ key: site.keyOf(['backup']), message }];
  });
}

/** The same for two agents whose snapshots may lie in the same folder. */
function placeName(agent: AgentConfig): string {
  const place = backupPlace(agent);
  if (place.kind === 'own') return place.prefix;
  const { settings } = place;
  return JSON.stringify([settings.provider, settings.remotePath, ...named(settings)]);
}

function lockedLonger(agents: readonly PlacedAgent[], lockDays: number): Notice[] {
  return agents.flatMap(({ agent, ...site }) => {
    const days = Math.floor(longestKept(agent.backup));
    if (days >= lockDays || backupPlace(agent).kind !== 'own') return [];
    const message = `keeps snapshots for about ${days} days, and snapshots.objectLock for ${lockDays}: what is pruned stays stored, and is paid for, until the lock ends`;
    return [{ key: site.keyOf(['backup', 'retain']), message }];
  });
}

/** Days, roughly, after which `retain` has let go of every snapshot that the schedule takes. */
function longestKept({ retain, interval }: BackupConfig): number {
  const intervalDays = interval / 86_400;
  if (typeof retain === 'number') return retain * intervalDays;
  const { last = 0, hourly = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0 } = retain;
  const slot = (count: number, days: number): number => count * Math.max(days, intervalDays);
  return Math.max(
    last * intervalDays,
    slot(hourly, 1 / 24),
    slot(daily, 1),
    slot(weekly, 7),
    slot(monthly, 30),
    slot(yearly, 365),
    durationDays(retain.within ?? ''),
  );
}

const unitDays: Record<string, number> = { h: 1 / 24, d: 1, w: 7, m: 30, y: 365 };

/** Days of a duration such as `1m14d`. */
function durationDays(duration: string): number {
  const parts = [...duration.matchAll(/(\d+)([hdwmy])/g)];
  return parts.reduce(
    (days, [, count, unit]) => days + Number(count) * (unitDays[unit ?? ''] ?? 0),
    0,
  );
}
