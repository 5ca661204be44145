import type { Decision } from './select.ts';

/** The lines that a dry run prints: one for each snapshot with its reasons, then the totals. */
export function formatDecisions(decisions: readonly Decision[]): string[] {
  const width = Math.max(0, ...decisions.map(({ id }) => id.length));
  const lines = decisions.map(
    ({ id, keep, reasons }) =>
      `${keep ? 'keep  ' : 'remove'}  ${id.padEnd(width)}  ${reasons.join('; ')}`,
  );
  const kept = decisions.filter(({ keep }) => keep).length;
  return [...lines, `${kept} kept, ${decisions.length - kept} removed`];
}
