/** The candidate that a mistyped word most likely means, or `undefined` where none is close. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const furthest = Math.max(1, Math.floor(word.length / 3));
  return candidates
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate) }))
    .filter(({ edits }) => edits <= furthest)
    .sort((one, other) => one.edits - other.edits)[0]?.candidate;
}

/** Edits (insert, delete, replace) that turn one word into the other, ignoring case. */
function distance(word: string, candidate: string): number {
  if (word.length > 64) return Infinity;
  const other = candidate.toLowerCase();
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [line, letter] of Array.from(word).entries()) {
    const next = [line + 1];
    for (const [column, target] of Array.from(other).entries()) {
      const replaced = (row[column] ?? 0) + (letter === target ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
