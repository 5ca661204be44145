import { createHash } from 'node:crypto';
import type { Manifest } from '../manifest.ts';
import type { SnapshotStore } from '../store/store.ts';
import { SnapshotDamagedError } from './errors.ts';
import type { VerifiedLeg } from './verify.ts';

/** Holds every object against the size and the hash in the manifest, without opening any. */
export async function verifyObjects(
  store: SnapshotStore,
  { id, segments }: Manifest,
): Promise<VerifiedLeg> {
  const leg = { files: 0, bytes: 0 };
  for (const { archive, files } of segments) {
    for (const object of [archive, files]) {
      const digest = createHash('sha256');
      let bytes = 0;
      for await (const chunk of store.read(object.name)) {
        digest.update(chunk);
        bytes += chunk.length;
      }
      if (bytes !== object.bytes || digest.digest('hex') !== object.sha256) {
        throw new SnapshotDamagedError(id, `${object.name} is not what was written`);
      }
      leg.bytes += bytes;
    }
    leg.files += files.count;
  }
  return leg;
}
