import { decryptOpenssl } from '../functions/shared/snapshot/encryption/openssl.ts';
import { WrongKeyError } from '../functions/shared/snapshot/encryption/errors.ts';
import { pluginObjectName } from '../functions/shared/snapshot/names.ts';
import type { PluginSnapshot } from '../functions/shared/snapshot/read/catalog.ts';
import type { SnapshotStore } from '../functions/shared/snapshot/store/store.ts';

/** How gzip data with the method that everybody uses begins. */
const gzip = Buffer.from([0x1f, 0x8b, 8]);

/**
 * The plugin's format cannot tell a wrong passphrase from damage, but with a wrong one what comes out
 * is noise from the first byte.
 * @throws WrongKeyError, OpensslFormatError
 */
export async function checkPluginPassphrase(
  store: SnapshotStore,
  { id, encrypted }: PluginSnapshot,
  passphrase: string,
): Promise<void> {
  const plain = decryptOpenssl(passphrase, store.read(pluginObjectName(id, encrypted)));
  const beginning = await plain.next();
  await plain.return();
  if (beginning.done === true || !beginning.value.subarray(0, gzip.length).equals(gzip)) {
    throw new WrongKeyError('The passphrase');
  }
}
