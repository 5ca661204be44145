import { createHash } from 'node:crypto';
import type { Amount } from '../../contract/index.ts';
import type { Manifest } from '../manifest.ts';
import type { SnapshotStore } from '../store/store.ts';
import { SnapshotDamagedError } from './errors.ts';
import { LegOverError, withinLeg, type LegTime } from './leg-over.ts';
import type { VerifiedLeg } from './verify.ts';

/**
 * Holds every object against the size and the hash in the manifest, without opening any.
 * @param from number of the segment to begin with
 * @param read told of each segment that is found good
 */
export async function verifyObjects(
  store: SnapshotStore,
  { id, segments }: Manifest,
  from: number,
  time: LegTime,
  read: (amount: Amount) => void = () => undefined,
): Promise<VerifiedLeg> {
  const leg = { files: 0, bytes: 0 };
  for (const { number, archive, files } of segments.slice(from - 1)) {
    const next = { segment: number, offset: 0 };
    const isFirst = number === from;
    const over = isFirst ? time.out : time.up;
    if (!isFirst && time.up()) return { ...leg, next };
    try {
      for (const object of [archive, files]) {
        const digest = createHash('sha256');
        let bytes = 0;
        for await (const chunk of withinLeg(object.name, store.read(object.name), over)) {
          digest.update(chunk);
          bytes += chunk.length;
        }
        if (bytes !== object.bytes || digest.digest('hex') !== object.sha256) {
          throw new SnapshotDamagedError(id, `${object.name} is not what was written`);
        }
      }
    } catch (error) {
      if (error instanceof LegOverError && !isFirst) return { ...leg, next };
      throw error;
    }
    leg.bytes += archive.bytes + files.bytes;
    leg.files += files.count;
    read({ files: files.count, bytes: archive.bytes + files.bytes });
  }
  return leg;
}
