import { patternToRegExp } from '../rclone/filter.ts';

/** Files, and what bisync calls the version of them that has lost. */
const samples = ['x', 'x.md'].flatMap((name) =>
  [1, 12].map((number) => ({ name, loser: `${name}.conflict${number}` })),
);

/**
 * Whether an exclude leaves out the loser of a conflict and not the file itself. A pattern that
 * cannot be read does not: that is said elsewhere.
 */
export function hidesConflicts(pattern: string): boolean {
  // What stands before it says in which folder.
  const expressions = [pattern, pattern.slice(pattern.lastIndexOf('/') + 1)].map(readable);
  return expressions.some(
    (expression) =>
      expression &&
      samples.some(({ name, loser }) => expression.test(loser) && !expression.test(name)),
  );
}

function readable(pattern: string): RegExp | undefined {
  try {
    return pattern === '' ? undefined : patternToRegExp(pattern);
  } catch {
    return undefined;
  }
}
