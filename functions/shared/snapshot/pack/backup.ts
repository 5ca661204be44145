import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Amount } from '../../contract/index.ts';
import { WorkspaceSyncError } from '../../errors.ts';
import type { PathMatcher } from '../../rclone/filter.ts';
import { objectContext } from '../context.ts';
import { formatManifest, manifestText, parseManifest, type Manifest } from '../manifest.ts';
import { manifestName } from '../names.ts';
import { ObjectExistsError } from '../store/errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import { Findings } from './findings.ts';
import { LeftOut } from './left-out.ts';
import { candidates, type Candidate, type Location } from './location.ts';
import { Packer } from './packer.ts';
import { cursorOf } from './position.ts';
import { readAhead } from './read-ahead.ts';
import { writeSegment, type SegmentWriter } from './write-segment.ts';

/** How large a segment may get: what a failed upload costs, and what one file costs to read back. */
export const segmentLimits = { bytes: 1024 ** 3, files: 100_000 };

/** A manifest names each segment, and may have 16 MiB: that is twenty terabytes in a bucket. */
const mostSegments = 20_000;

/** The files are more than the format can hold. */
export class SnapshotTooLargeError extends WorkspaceSyncError {
  constructor() {
    super(
      `The files make more than ${mostSegments} segments, which is the most that a snapshot can have. Leave some out with backup.exclude.`,
      { code: 'snapshot-too-large', retryable: false },
    );
  }
}

export interface BackupLeg {
  writer: SegmentWriter;
  leg: number;
  locations: readonly Location[];
  excluded: PathMatcher;
  timeUp: () => boolean;
  limits?: { bytes: number; files: number };
  /** Called with what is finished, after each segment: from there another leg can go on. */
  onSegment: (checkpoint: Checkpoint, fingerprints: Buffer) => Promise<void>;
  /** Told of each file, and of each piece of a large one, as soon as it is packed. */
  packed?: (amount: Partial<Amount>) => void;
}

/** Packs until everything is packed or the time is up; returns how far it came. */
export async function packLeg(
  backup: BackupLeg,
  from: Checkpoint,
): Promise<{ checkpoint: Checkpoint; finished: boolean }> {
  const { writer, leg, locations, limits = segmentLimits, timeUp } = backup;
  if (from.packed) return { checkpoint: from, finished: true };
  const findings = new Findings(from.findings);
  const files = candidates(locations, backup.excluded, cursorOf(from.position));
  const packer = new Packer(
    readAhead(files),
    { position: from.position, candidateOf: (path) => candidateOf(locations, path, from) },
    findings,
    backup.packed,
  );
  let checkpoint = from;
  const leftOut = new LeftOut(locations);
  try {
    while (!timeUp()) {
      const place = { leg, number: checkpoint.segments.length + 1 };
      if (place.number > mostSegments) throw new SnapshotTooLargeError();
      const { segment, last } = await writeSegment(writer, packer, place, { ...limits, timeUp });
      const position = packer.position();
      leftOut.note(findings, cursorOf(checkpoint.position), last ? undefined : cursorOf(position));
      checkpoint = {
        ...checkpoint,
        segments: [...checkpoint.segments, segment],
        packed: last,
        position,
        findings: findings.record(),
      };
      await backup.onSegment(checkpoint, findings.takeFingerprints());
      if (last) return { checkpoint, finished: true };
    }
    return { checkpoint, finished: false };
  } finally {
    await packer.close();
  }
}

/** The file that the last leg ended in, as its source is asked for it. */
function candidateOf(
  locations: readonly Location[],
  path: string,
  { position }: Checkpoint,
): Candidate | undefined {
  const location = locations.find(({ name }) => path.startsWith(`${name}/`));
  if (!location) return undefined;
  const entry = {
    path: path.slice(location.name.length + 1),
    size: position.pending?.size ?? 0,
  };
  return { location, entry, path };
}

/** What a manifest says beside what the checkpoint knows. */
export interface ManifestFacts extends Pick<
  Manifest,
  'agent' | 'producer' | 'source' | 'include' | 'exclude' | 'previous'
> {
  finishedAt: string;
}

/** A manifest as it lies in the store. */
export interface Committed {
  manifest: Manifest;
  /** SHA-256 of the object. */
  sha256: string;
}

/**
 * Writes the manifest: from now on the snapshot exists. Where a leg of the same run has written it
 * already and died before it could say so, that one stands.
 * @throws ObjectExistsError where somebody else has put another one there
 */
export async function commit(
  { store, encryption, snapshot }: SegmentWriter,
  checkpoint: Checkpoint,
  facts: ManifestFacts,
): Promise<Committed> {
  const { findings, segments } = checkpoint;
  const manifest: Manifest = {
    format: 'workspace-sync-snapshot',
    version: 1,
    agent: facts.agent,
    id: checkpoint.id,
    createdAt: checkpoint.createdAt,
    finishedAt: facts.finishedAt,
    producer: facts.producer,
    source: facts.source,
    include: facts.include,
    missing: checkpoint.missing,
    exclude: facts.exclude,
    encryption: encryption ? { scheme: 'aws-encryption-sdk-2', keys: encryption.keys } : null,
    files: findings.files,
    bytes: findings.bytes,
    archiveBytes: segments.reduce((sum, { archive }) => sum + archive.bytes, 0),
    segments,
    warnings: findings.counts,
    databases: findings.databases,
    previous: facts.previous,
  };
  const text = manifestText(manifest);
  const seal = await encryption?.encryptBytes(
    objectContext(snapshot, 'manifest'),
    hash('sha256', text, 'buffer'),
  );
  const name = manifestName(checkpoint.id);
  const object = Buffer.from(formatManifest(text, seal));
  if (await store.create(name, object)) return { manifest, sha256: hash('sha256', object) };
  const standing = (await store.readSmall([name])).get(name);
  if (!standing) throw new ObjectExistsError(name, store.description);
  const { manifest: first } = parseManifest(checkpoint.id, standing);
  const isOurs = first.agent === facts.agent && isDeepStrictEqual(first.segments, segments);
  if (!isOurs) throw new ObjectExistsError(name, store.description);
  return { manifest: first, sha256: hash('sha256', standing) };
}
