import type { Direction, Side } from '../contract/index.ts';

/** Which side is read and which is written, and what people call them. */
export interface Ways {
  source: Side;
  destination: Side;
}

/** The sides of a direction. */
export function waysOf(direction: Direction): Ways {
  return direction === 'push'
    ? { source: 'workspace', destination: 'cloud' }
    : { source: 'cloud', destination: 'workspace' };
}

/** What people call a side. */
export const nameOf: Record<Side, string> = { workspace: 'workspace', cloud: 'cloud folder' };
