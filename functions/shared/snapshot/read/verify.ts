import type { Amount } from '../../contract/index.ts';
import { createMemberGuard } from '../archive/index.ts';
import { HostileArchiveError, SnapshotDamagedError } from './errors.ts';
import { LegOverError, withinLeg, type LegTime } from './leg-over.ts';
import { snapshotFiles } from './members.ts';
import type { ArchivePosition, SnapshotReader } from './reader.ts';

/** What one leg of a verification did. */
export interface VerifiedLeg {
  files: number;
  bytes: number;
  /** Where the next leg goes on; absent when all of it has been read. */
  next?: ArchivePosition;
}

/** Segments that are to be read: from where, and the number of the last. */
export interface Stretch {
  from: ArchivePosition;
  to: number;
}

/**
 * The stretch that makes up a share of the archive, at least one segment. Which one is drawn from
 * `seed`, so that one verification after the other comes to see all of it.
 */
export function stretchOf(segments: number, percent: number, seed: number): Stretch {
  const length = Math.max(1, Math.ceil((segments * percent) / 100));
  const choices = segments - length + 1;
  const first = 1 + (seed % choices);
  return { from: { segment: first, offset: 0 }, to: first + length - 1 };
}

/**
 * Reads a stretch back: every object is held against the manifest and opened, every file against
 * the list, every name against what a restore refuses. Nothing is written.
 * @param read told of each file that is found good
 * @throws HostileArchiveError; LegOverError for a file that takes longer than a leg; SnapshotDamagedError and what decryption and the archive's reader throw
 */
export async function verifyStretch(
  reader: SnapshotReader,
  { from, to }: Stretch,
  time: LegTime,
  read: (amount: Amount) => void = () => undefined,
): Promise<VerifiedLeg> {
  const leg = { files: 0, bytes: 0 };
  const whole = from.segment === 1 && from.offset === 0 && to === reader.last;
  const expectRestorable = nameCheck(reader);
  for await (const { entry, bytes, body } of snapshotFiles(reader, from, to, true)) {
    const [segment, offset] = entry.at;
    const here = { segment, offset };
    if (leg.files > 0 && time.up()) return { ...leg, next: here };
    expectRestorable(entry.path);
    try {
      if (!bytes) await drain(withinLeg(entry.path, body, leg.files > 0 ? time.up : time.out));
    } catch (error) {
      // A file that alone takes more than a leg would begin afresh for ever.
      if (error instanceof LegOverError && leg.files > 0) return { ...leg, next: here };
      throw error;
    }
    leg.files++;
    leg.bytes += entry.size;
    read({ files: 1, bytes: entry.size });
  }
  // Names of different legs were not held against each other yet.
  if (!whole && to === reader.last) await checkNames(reader);
  if (whole && (leg.files !== reader.manifest.files || leg.bytes !== reader.manifest.bytes)) {
    const { files, bytes } = reader.manifest;
    const problem = `it holds ${leg.files} files of ${leg.bytes} bytes, not ${files} of ${bytes}`;
    throw new SnapshotDamagedError(reader.id, problem);
  }
  return leg;
}

async function checkNames(reader: SnapshotReader): Promise<void> {
  const expectRestorable = nameCheck(reader);
  for await (const { path } of reader.files()) expectRestorable(path);
}

/** Throws at the name that a restore would refuse. */
function nameCheck(reader: SnapshotReader): (path: string) => void {
  const limits = { members: reader.manifest.files };
  const guard = createMemberGuard(limits, { target: 'objects', names: 'exact' });
  return (path) => {
    const problem = guard.problem({ path, kind: 'file' });
    if (problem !== undefined)
      throw new HostileArchiveError(reader.id, [`${JSON.stringify(path)}: ${problem}`], 1);
  };
}

/** Reads a content for nothing but to have it checked. */
async function drain(body: AsyncIterable<Buffer>): Promise<void> {
  const content = body[Symbol.asyncIterator]();
  while ((await content.next()).done !== true);
}
