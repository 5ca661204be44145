import type { Side } from '../contract/index.ts';
import type { Remembered } from './attempt.ts';
import { listSide, type Leg } from './leg.ts';
import { rememberedFile } from './settle.ts';

/**
 * bisync refuses to look at a side without files, or without one that is as it was: this one stands
 * there while it does.
 */
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

export async function placeOnBoth({ deps }: Leg): Promise<void> {
  for (const remote of [deps.workspace, deps.cloud]) {
    await deps.session.write({ remote, path: placeholder }, bytes());
  }
}

export async function removeFromBoth({ deps }: Leg): Promise<void> {
  for (const remote of [deps.workspace, deps.cloud]) {
    // Left where it fails: it is a file like any other, and says what it is.
    await deps.session.run({ kind: 'delete-one', from: { remote, path: placeholder } });
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream of what is at hand
async function* bytes(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('workspace-sync made this file, and may be allowed to delete it.\n');
}

/** What is remembered, and the placeholder as both sides show it: a file that has not changed. */
export async function withPlaced(leg: Leg, { pair, sides }: Remembered): Promise<Remembered> {
  const add = async (side: Side): Promise<Remembered['sides'][Side]> => {
    const file = (await listSide(leg, side)).get(placeholder);
    return new Map([
      ...sides[side],
      ...(file ? [[placeholder, rememberedFile(file)] as const] : []),
    ]);
  };
  const [workspace, cloud] = await Promise.all([add('workspace'), add('cloud')]);
  return { pair, sides: { workspace, cloud } };
}
