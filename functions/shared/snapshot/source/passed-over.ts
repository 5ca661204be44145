import type { PassedOver } from './source.ts';

const mostNames = 100;

/** Nothing left out yet. */
export function nothingPassedOver(): PassedOver {
  return { count: 0, names: [] };
}

/** Counts something that was left out, and keeps its name while there is room. */
export function passOver(passed: PassedOver, name: string): void {
  passed.count++;
  if (passed.names.length < mostNames) passed.names.push(name);
}
