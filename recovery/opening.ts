import type { CatalogSnapshot, PluginSnapshot } from '../functions/shared/snapshot/read/catalog.ts';
import { SnapshotReader } from '../functions/shared/snapshot/read/reader.ts';
import type { PluginRestore } from '../functions/shared/snapshot/restore/plugin.ts';
import type { SnapshotStore } from '../functions/shared/snapshot/store/store.ts';
import type { Keyring } from './keyring.ts';
import { checkPluginPassphrase } from './plugin-passphrase.ts';

/** Opens a snapshot with what the person has; `hashes` as in `SnapshotReader.open`. */
export async function openSnapshot(
  store: SnapshotStore,
  { id, bytes, manifest }: CatalogSnapshot,
  keyring: Keyring,
  { hashes }: { hashes: boolean },
): Promise<SnapshotReader> {
  if (!manifest.encryption) keyring.expectNone(id);
  const keys = manifest.encryption ? await keyring.keysFor(manifest.encryption.keys) : {};
  return SnapshotReader.open(store, { id, bytes, keys, hashes });
}

/** The same for one of the plugin's. */
export async function openPluginSnapshot(
  store: SnapshotStore,
  snapshot: PluginSnapshot,
  keyring: Keyring,
): Promise<Omit<PluginRestore, 'wanted'>> {
  if (!snapshot.encrypted) {
    keyring.expectNone(snapshot.id);
    return { store, snapshot, passphrase: undefined };
  }
  const passphrase = await keyring.passphrase();
  await checkPluginPassphrase(store, snapshot, passphrase);
  return { store, snapshot, passphrase };
}
