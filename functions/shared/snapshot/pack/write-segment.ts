import { createHash } from 'node:crypto';
import { compressBlocks } from '../archive/index.ts';
import { objectContext, type ObjectRole } from '../context.ts';
import type { Encryption } from '../encryption/encryption.ts';
import { formatEntry, type FileEntry } from '../file-list.ts';
import type { ManifestObject, Segment } from '../manifest.ts';
import { filesName, segmentName, type SegmentPlace } from '../names.ts';
import type { SnapshotStore } from '../store/store.ts';
import type { PackedSegment, Packer, SegmentLimits } from './packer.ts';

/** Where a snapshot's segments go. */
export interface SegmentWriter {
  snapshot: { agent: string; id: string };
  store: SnapshotStore;
  /** Absent for snapshots that are not encrypted. */
  encryption: Encryption | undefined;
}

/** Writes the next segment of the archive and the list of its files; both are complete on return. */
export async function writeSegment(
  writer: SegmentWriter,
  packer: Packer,
  place: SegmentPlace,
  limits: SegmentLimits,
): Promise<{ segment: Segment; last: boolean }> {
  const packed: PackedSegment = { archiveBytes: 0, entries: [], last: false };
  const encrypted = writer.encryption !== undefined;
  const archive = await writeObject(writer, 'archive', place, {
    name: segmentName(writer.snapshot.id, place, encrypted),
    plain: packer.segment(place.number, limits, packed),
  });
  const files = await writeObject(writer, 'files', place, {
    name: filesName(writer.snapshot.id, place, encrypted),
    plain: lines(packed.entries),
    options: { blockBytes: 1024 * 1024, window: 1 },
  });
  return {
    segment: {
      ...place,
      archive: { ...archive, archiveBytes: packed.archiveBytes },
      files: { ...files, count: packed.entries.length },
    },
    last: packed.last,
  };
}

interface NamedObject {
  name: string;
  plain: AsyncIterable<Uint8Array>;
  options?: Parameters<typeof compressBlocks>[1];
}

async function writeObject(
  { snapshot, store, encryption }: SegmentWriter,
  role: ObjectRole,
  place: SegmentPlace,
  { name, plain, options }: NamedObject,
): Promise<ManifestObject> {
  const compressed = compressBlocks(plain, options);
  const context = objectContext(snapshot, role, place);
  const sealed = encryption ? encryption.encrypt(context, compressed) : compressed;
  const digest = createHash('sha256');
  let bytes = 0;
  await store.write(
    name,
    (async function* () {
      for await (const chunk of sealed) {
        digest.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    })(),
  );
  return { name, bytes, sha256: digest.digest('hex') };
}

/** Lines together are a text of some size: one chunk per file would cost more than its content. */
const linesTogether = 1_000;

// eslint-disable-next-line @typescript-eslint/require-await
async function* lines(entries: readonly FileEntry[]): AsyncGenerator<Buffer> {
  for (let at = 0; at < entries.length; at += linesTogether) {
    const some = entries.slice(at, at + linesTogether);
    yield Buffer.from(some.map(formatEntry).join(''));
  }
}
