import { bytesInWords } from '../bytes-in-words.ts';
import { changes, type Change, type PlannedChange, type RunPlan } from '../contract/index.ts';
import { visible } from '../deceptive.ts';

/** Names of each kind that are written out; more are counted. */
const maxNames = 50;

const verbs: Record<Change, string> = {
  copy: 'copy',
  update: 'update',
  delete: 'delete',
  deliver: 'deliver',
  conflict: 'resolve',
};

/** A plan as a person reads it: a line per file, marked like a diff, and what it comes to. */
export function planText(plan: RunPlan): string {
  const lines = changes.flatMap((change) => [
    ...plan[change].slice(0, maxNames).map((file) => line(change, file)),
    ...more(plan, change),
  ]);
  return [...lines, summary(plan)].join('\n');
}

const marks: Record<Change, string> = {
  copy: '+',
  update: '~',
  delete: '-',
  deliver: '>',
  conflict: '!',
};

function line(change: Change, { path, bytes, side }: PlannedChange): string {
  const where = change === 'conflict' ? `the version of the ${side} wins` : `in the ${side}`;
  return `${marks[change]} ${verbs[change]} ${visible(JSON.stringify(path))} (${bytesInWords(bytes)}), ${where}`;
}

function more({ totals, ...lists }: RunPlan, change: Change): string[] {
  const rest = totals[change].files - Math.min(lists[change].length, maxNames);
  return rest > 0 ? [`${marks[change]} ${verbs[change]} ${rest} more`] : [];
}

function summary({ totals }: RunPlan): string {
  const parts = changes
    .filter((change) => totals[change].files > 0)
    .map(
      (change) =>
        `${totals[change].files} to ${verbs[change]} (${bytesInWords(totals[change].bytes)})`,
    );
  return parts.length > 0 ? `${parts.join(', ')}.` : 'Nothing to do: both sides are in step.';
}
