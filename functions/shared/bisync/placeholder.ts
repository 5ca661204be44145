import type { Side } from '../contract/index.ts';
import type { Remembered } from './attempt.ts';
import { rememberedFile } from './settle.ts';

/** bisync refuses to look at a side without files: this one stands there while it does. */
export const placeholder = '.workspace-sync-placeholder';

/**
 * What is remembered, such that bisync can work with it: it refuses to when that is nothing. A file
 * that neither side has, remembered of both, counts as deleted on both, and nothing is done about it.
 */
export function withSomething({ pair, sides }: Remembered): Remembered {
  if (sides.workspace.size > 0 && sides.cloud.size > 0) return { pair, sides };
  const phantom = { path: placeholder, size: 0, modified: '1970-01-01T00:00:00Z' };
  const add = (side: Remembered['sides'][Side]): Remembered['sides'][Side] =>
    new Map(side).set(placeholder, rememberedFile(phantom));
  return { pair, sides: { workspace: add(sides.workspace), cloud: add(sides.cloud) } };
}
