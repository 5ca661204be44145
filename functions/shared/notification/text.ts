import { folders } from '../contract/index.ts';
import { quoteName } from './quote.ts';

/** The longest line that is ever sent. */
export const longestText = 500;

/** How many files are named; the others are counted. */
const namesShown = 5;

/** Five names of this length, the words around them and any count stay under {@link longestText}. */
const nameLimits = { characters: 80, units: 86 };

/**
 * The line that tells an agent what has arrived.
 *
 * A gateway hands it to the agent as a system event, without any wrapping: every word of it is ours
 * but the names, and those are quoted as data. The same set of names gives the same line, whatever
 * their order, so that a gateway recognises a repetition.
 * @param names paths under `_inbox`, at least one
 */
export function notificationText(names: readonly string[]): string {
  const sorted = [...names].sort(byCodeUnit);
  const shown = sorted.slice(0, namesShown).map((name) => quoteName(name, nameLimits));
  const rest = sorted.length - shown.length;
  const more = rest > 0 ? ` and ${rest} more` : '';
  return `[workspace-sync] New files in ${folders.inbox}: ${shown.join(', ')}${more}`;
}

/** An order that no locale changes. */
export function byCodeUnit(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
