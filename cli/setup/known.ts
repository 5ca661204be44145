import { objectAt, type Raw } from '../../functions/shared/config/raw.ts';

/** What an agent that is there already has. */
export interface Known {
  isThere: boolean;
  sync: Raw;
  backup: Raw;
  webhook: Raw;
}

/** What a file says of an agent. */
export function knownOf(existing: Raw | undefined, agent: string): Known {
  const agents = objectAt(existing ?? {}, 'agents');
  const blocks = objectAt(agents, agent);
  const [sync, backup, webhook] = ['sync', 'backup', 'webhook'].map((key) => objectAt(blocks, key));
  return {
    isThere: Object.hasOwn(agents, agent),
    sync: sync ?? {},
    backup: backup ?? {},
    webhook: webhook ?? {},
  };
}

/** The text under a key, where there is one. */
export function textAt(raw: Raw, key: string): string | undefined {
  const value = raw[key];
  return typeof value === 'string' ? value : undefined;
}
