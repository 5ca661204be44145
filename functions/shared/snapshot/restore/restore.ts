import type { Amount } from '../../contract/index.ts';
import { createMemberGuard, type GuardPolicy } from '../archive/index.ts';
import { HostileArchiveError } from '../read/errors.ts';
import { endless, LegOverError, withinLeg, type LegTime } from '../read/leg-over.ts';
import { snapshotFiles } from '../read/members.ts';
import type { ArchivePosition, SnapshotReader } from '../read/reader.ts';
import { verifyStretch } from '../read/verify.ts';
import type { Selection } from './selection.ts';
import type { RestoreTarget } from './target.ts';

/** What a restore would bring. */
export interface RestorePreview {
  files: number;
  bytes: number;
  /** The first thousand of them. */
  sample: { path: string; bytes: number }[];
  /** Numbers of the segments that hold them. */
  segments: Set<number>;
}

const sampleSize = 1_000;
const problemsShown = 5;

/**
 * Looks at every name that the snapshot holds, before anything is written.
 * @throws HostileArchiveError where one of them must not be written, wanted or not
 */
export async function preview(
  reader: SnapshotReader,
  wanted: Selection,
  policy: GuardPolicy,
): Promise<RestorePreview> {
  const guard = createMemberGuard({ members: reader.manifest.files }, policy);
  const found: RestorePreview = { files: 0, bytes: 0, sample: [], segments: new Set() };
  const problems: string[] = [];
  let refused = 0;
  for await (const { path, size, at } of reader.files()) {
    const problem = guard.problem({ path, kind: 'file' });
    if (problem !== undefined && ++refused <= problemsShown) {
      problems.push(`${JSON.stringify(path)}: ${problem}`);
    }
    if (!wanted(path)) continue;
    found.files++;
    found.bytes += size;
    if (found.sample.length < sampleSize) found.sample.push({ path, bytes: size });
    found.segments.add(at[0]);
  }
  if (refused > 0) throw new HostileArchiveError(reader.id, problems, refused);
  return found;
}

/**
 * What has to be known before the first byte is written where nothing is authenticated: that the
 * archive is, to its last byte, what its list and its manifest say.
 */
export async function proveUnencrypted(reader: SnapshotReader): Promise<void> {
  if (reader.manifest.encryption !== null) return;
  const everything = { from: { segment: 1, offset: 0 }, to: reader.last };
  await verifyStretch(reader, everything, endless);
}

/** What one leg of a restore did. */
export interface RestoredLeg {
  files: number;
  bytes: number;
  /** Where the next leg goes on; absent when everything is there. */
  next?: ArchivePosition;
}

/**
 * Writes what is wanted, from a position on. Segments that hold nothing of it are not read, except
 * that a file may reach into the next.
 * @param written told of each file that is
 */
export async function restoreFiles(
  reader: SnapshotReader,
  { wanted, segments }: { wanted: Selection; segments: ReadonlySet<number> },
  target: RestoreTarget,
  from: ArchivePosition,
  time: LegTime,
  written: (amount: Amount) => void = () => undefined,
): Promise<RestoredLeg> {
  const leg = { files: 0, bytes: 0 };
  for (const start of starts(segments, from)) {
    for await (const { entry, bytes, body } of snapshotFiles(reader, start)) {
      const [segment, offset] = entry.at;
      // The next stretch begins at a segment that is wanted; between them nothing is read.
      if (segment !== start.segment && !segments.has(segment)) break;
      if (segment !== start.segment && !segments.has(segment - 1)) break;
      if (leg.files > 0 && time.up()) {
        await target.flush();
        return { ...leg, next: { segment, offset } };
      }
      if (!wanted(entry.path)) continue;
      const { path, size, modified, mode } = entry;
      const facts = { path, size, modified, ...(mode === undefined ? {} : { mode }) };
      try {
        const content = bytes
          ? { bytes, body }
          : { body: withinLeg(path, body, leg.files > 0 ? time.up : time.out) };
        await target.write({ ...facts, ...content });
      } catch (error) {
        if (!(error instanceof LegOverError) || leg.files === 0) throw error;
        await target.flush();
        return { ...leg, next: { segment, offset } };
      }
      leg.files++;
      leg.bytes += size;
      written({ files: 1, bytes: size });
    }
  }
  await target.flush();
  return leg;
}

/** Where reading begins: at the position, and at each wanted segment whose forerunner is not. */
function starts(segments: ReadonlySet<number>, from: ArchivePosition): ArchivePosition[] {
  const later = [...segments]
    .filter((segment) => segment > from.segment && !segments.has(segment - 1))
    .map((segment) => ({ segment, offset: 0 }));
  const first = segments.has(from.segment) ? [from] : [];
  return [...first, ...later].sort((a, b) => a.segment - b.segment);
}
