import type { prices } from './prices.ts';

/** One thing that costs something. */
export interface CostLine {
  /** What it is, for people: `Lambda, computing`. */
  thing: string;
  /** How much of it. */
  amount: number;
  unit: string;
  /** US dollars. */
  dollars: number;
}

/** A line at the list price. */
export function line(
  thing: string,
  amount: number,
  unit: string,
  price: (typeof prices)[keyof typeof prices],
): CostLine {
  return { thing, amount, unit, dollars: amount * price };
}

/** US dollars of all lines. */
export function totalOf(lines: readonly CostLine[]): number {
  return lines.reduce((sum, { dollars }) => sum + dollars, 0);
}
