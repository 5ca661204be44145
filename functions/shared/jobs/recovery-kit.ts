import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Runtime } from '../runtime/runtime.ts';
import type { SnapshotStore, StoredObject } from '../snapshot/store/store.ts';

/**
 * Puts the recovery kit beside the snapshots, unless this release's is there. A snapshot without it
 * is still a snapshot: what goes wrong is a warning.
 */
export async function placeRecoveryKit(
  runtime: Runtime,
  store: SnapshotStore,
  objects: readonly StoredObject[],
): Promise<string[]> {
  try {
    const present = new Set(objects.map(({ name }) => name));
    for (const name of await readdir(runtime.recoveryKit)) {
      if (present.has(name)) continue;
      await store.create(name, await readFile(join(runtime.recoveryKit, name)));
    }
    return [];
  } catch (error) {
    runtime.log.warn('the recovery kit could not be written', { error });
    return ['the recovery kit could not be written beside the snapshots; see the log'];
  }
}
