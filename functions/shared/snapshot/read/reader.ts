import { createHash, hash } from 'node:crypto';
import { decompressFrames } from '../archive/index.ts';
import { objectContext, type ObjectRole } from '../context.ts';
import { createDecryption, type Decryption, type Keys } from '../encryption/decryption.ts';
import { parseEntries, type FileEntry } from '../file-list.ts';
import {
  parseManifest,
  type Manifest,
  type ManifestObject,
  type SealedManifest,
  type Segment,
} from '../manifest.ts';
import type { SnapshotStore } from '../store/store.ts';
import { isDamage } from './damage.ts';
import { SnapshotDamagedError } from './errors.ts';

/** Where in the archive something begins: a segment, and bytes into that. */
export interface ArchivePosition {
  segment: number;
  offset: number;
}

/** What it takes to open a snapshot. */
export interface OpenOptions {
  id: string;
  /** The manifest's object. */
  bytes: Uint8Array;
  keys: Keys;
  hashes?: boolean;
}

/**
 * Opens what a manifest says, and checks that it is what was written: that the manifest is sealed
 * by who has the key, and later every object against size, hash and encryption context.
 */
export class SnapshotReader {
  readonly manifest: Manifest;
  readonly #store: SnapshotStore;
  readonly #decryption: Decryption | undefined;
  /** Whether objects are hashed as they are stored. */
  readonly #hashes: boolean;

  private constructor(
    store: SnapshotStore,
    manifest: Manifest,
    { decryption, hashes }: { decryption: Decryption | undefined; hashes: boolean },
  ) {
    this.#store = store;
    this.manifest = manifest;
    this.#decryption = decryption;
    this.#hashes = hashes;
  }

  /**
   * @param options.hashes whether stored objects are held against their hashes, as a verification
   * does. A restore of an encrypted snapshot need not: each message authenticates itself and its
   * place, and each file is held against its own hash. Without encryption it is always done.
   * @throws ManifestError, SnapshotDamagedError, NoKeyError, WrongKeyError: before anything else is
   * read.
   */
  static async open(
    store: SnapshotStore,
    { id, bytes, keys, hashes = true }: OpenOptions,
  ): Promise<SnapshotReader> {
    const sealed = parseManifest(id, bytes);
    const { encryption } = sealed.manifest;
    const decryption = encryption ? await createDecryption(keys, encryption.keys) : undefined;
    await checkSeal(sealed, decryption);
    return new SnapshotReader(store, sealed.manifest, {
      decryption,
      hashes: hashes || decryption === undefined,
    });
  }

  get id(): string {
    return this.manifest.id;
  }

  /** Number of the last segment. */
  get last(): number {
    return this.manifest.segments.length;
  }

  /** The files that end in these segments, in the order of the archive. */
  async *files(from = 1, to = this.last): AsyncGenerator<FileEntry> {
    for (const segment of this.#segments(from, to)) {
      let count = 0;
      for await (const entry of parseEntries(this.#plain(segment, 'files'))) {
        count++;
        yield entry;
      }
      if (count !== segment.files.count) {
        const problem = `the list of segment ${segment.number} has ${count} files, not ${segment.files.count}`;
        throw new SnapshotDamagedError(this.id, problem);
      }
    }
  }

  /** The archive from a position to the end of a segment. */
  async *archive(from: ArchivePosition, to = this.last): AsyncGenerator<Buffer> {
    let skip = from.offset;
    for (const segment of this.#segments(from.segment, to)) {
      let bytes = 0;
      for await (const chunk of this.#plain(segment, 'archive')) {
        bytes += chunk.length;
        const rest = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - rest.length;
        if (rest.length > 0) yield rest;
      }
      if (bytes !== segment.archive.archiveBytes) {
        const problem = `segment ${segment.number} unpacks to ${bytes} bytes, not ${segment.archive.archiveBytes}`;
        throw new SnapshotDamagedError(this.id, problem);
      }
    }
  }

  #segments(from: number, to: number): Segment[] {
    return this.manifest.segments.slice(from - 1, to);
  }

  #plain(segment: Segment, role: Exclude<ObjectRole, 'manifest'>): AsyncIterable<Buffer> {
    const stored = this.#stored(segment[role]);
    const context = objectContext(this.manifest, role, segment);
    const opened = this.#decryption ? this.#decryption.decrypt(context, stored) : stored;
    return this.#named(segment[role].name, decompressFrames(opened));
  }

  /** Whatever is found to be wrong with an object, its name is said. */
  async *#named(name: string, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* content;
    } catch (error) {
      if (!isDamage(error) || error instanceof SnapshotDamagedError) throw error;
      throw new SnapshotDamagedError(
        this.id,
        `${name}: ${error.message.replace(/\.$/, '')}`,
        error,
      );
    }
  }

  /** An object as it is stored; at its end it has been what the manifest says. */
  async *#stored({ name, bytes, sha256 }: ManifestObject): AsyncGenerator<Buffer> {
    const digest = createHash('sha256');
    let size = 0;
    for await (const chunk of this.#store.read(name)) {
      if (this.#hashes) digest.update(chunk);
      size += chunk.length;
      if (size > bytes) break;
      yield chunk;
    }
    if (size !== bytes) {
      throw new SnapshotDamagedError(this.id, `${name} does not have the ${bytes} bytes it had`);
    }
    if (this.#hashes && digest.digest('hex') !== sha256) {
      throw new SnapshotDamagedError(this.id, `${name} is not what was written`);
    }
  }
}

async function checkSeal(
  { manifest, seal, text }: SealedManifest,
  decryption: Decryption | undefined,
): Promise<void> {
  const numbers = manifest.segments.every(({ number }, index) => number === index + 1);
  if (!numbers) throw new SnapshotDamagedError(manifest.id, 'its segments are not in order');
  if (!decryption) return;
  if (!seal) throw new SnapshotDamagedError(manifest.id, 'its manifest has no seal');
  const sealed = await decryption.decryptBytes(objectContext(manifest, 'manifest'), seal);
  if (!sealed.equals(hash('sha256', text, 'buffer'))) {
    throw new SnapshotDamagedError(manifest.id, 'its manifest was changed after it was sealed');
  }
}
