import { readFileSync } from 'node:fs';
import { parseConfig } from '../../functions/shared/config/index.ts';
import { countedRules, policyOf } from '../../functions/shared/retention/policy.ts';

/**
 * What the configuration file says of how long snapshots are kept: `7 daily and 4 weekly`. The
 * deployment itself does not tell; without a file that can be read this is `undefined`.
 */
export function retentionInWords(file: string, agent: string): string | undefined {
  try {
    const { config } = parseConfig(JSON.parse(readFileSync(file, 'utf8')));
    const found = config.agents.find(({ name }) => name === agent);
    return found && policyInWords(policyOf(found.backup.retain));
  } catch {
    // Who has no file here sees the decisions of a dry run of prune all the same.
    return undefined;
  }
}

/** A policy as a person says it. */
export function policyInWords(policy: ReturnType<typeof policyOf>): string {
  const counts = countedRules.flatMap((rule) => {
    const count = policy[rule] ?? 0;
    return count > 0 ? [rule === 'last' ? `the newest ${count}` : `${count} ${rule}`] : [];
  });
  const all = policy.within ? [...counts, `everything of the last ${policy.within}`] : counts;
  return all.length === 0 ? 'everything' : all.join(', ');
}
