import {
  createMemberGuard,
  gunzip,
  readArchive,
  type ArchiveLimits,
  type ArchiveMember,
  type GuardPolicy,
} from '../archive/index.ts';
import { WorkspaceSyncError } from '../../errors.ts';
import { decryptOpenssl } from '../encryption/openssl.ts';
import { pluginObjectName } from '../names.ts';
import type { PluginSnapshot } from '../read/catalog.ts';
import { HostileArchiveError } from '../read/errors.ts';
import { withinLeg } from '../read/leg-over.ts';
import type { SnapshotStore } from '../store/store.ts';
import type { Selection } from './selection.ts';
import type { RestoreTarget } from './target.ts';

/** A snapshot that the original plugin wrote, and what it takes to read it. */
export interface PluginRestore {
  store: SnapshotStore;
  snapshot: PluginSnapshot;
  passphrase: string | undefined;
  wanted: Selection;
  /** Whether there is no time left: such an archive is read in one go. */
  timeUp?: () => boolean;
}

/** What such a snapshot would bring. */
export interface PluginPreview {
  files: number;
  bytes: number;
  sample: { path: string; bytes: number }[];
  /** Links, which are not restored: their names, at most a hundred, and how many. */
  links: { path: string; link: string }[];
}

/** gzip packs no denser than this. */
const densest = 1_100;
const shown = { sample: 1_000, links: 100, problems: 5 };

/**
 * Reads the whole archive before anything is written: nothing in this format vouches for it, and
 * only its end tells that it is whole.
 * @throws HostileArchiveError; OpensslFormatError for a wrong passphrase or damage
 */
export async function previewPlugin(
  restore: PluginRestore,
  policy: GuardPolicy,
): Promise<PluginPreview> {
  const found: PluginPreview = { files: 0, bytes: 0, sample: [], links: [] };
  const guard = createMemberGuard(limitsOf(restore.snapshot), policy);
  const problems: string[] = [];
  let refused = 0;
  for await (const member of membersOf(restore)) {
    const problem = guard.problem(member);
    if (problem !== undefined && ++refused <= shown.problems) {
      problems.push(`${JSON.stringify(member.path)}: ${problem}`);
    }
    const { path, kind, size, link } = member;
    if (!restore.wanted(path)) continue;
    if (kind === 'symlink' || kind === 'hardlink') {
      if (found.links.length < shown.links) found.links.push({ path, link: link ?? '' });
    } else if (kind === 'file') {
      found.files++;
      found.bytes += size;
      if (found.sample.length < shown.sample) found.sample.push({ path, bytes: size });
    }
  }
  if (refused > 0) throw new HostileArchiveError(restore.snapshot.id, problems, refused);
  return found;
}

/**
 * Writes the wanted files of an archive that {@link previewPlugin} has found good. It is read again,
 * and what lies there now may be another one: no member is written that would have been refused.
 * @throws HostileArchiveError
 */
export async function restorePlugin(
  restore: PluginRestore,
  target: RestoreTarget,
  policy: GuardPolicy = { names: 'exact' },
): Promise<void> {
  const guard = createMemberGuard(limitsOf(restore.snapshot), policy);
  for await (const member of membersOf(restore)) {
    const problem = guard.problem(member);
    if (problem !== undefined) {
      throw new HostileArchiveError(
        restore.snapshot.id,
        [`${JSON.stringify(member.path)}: ${problem}`],
        1,
      );
    }
    if (member.kind !== 'file' || !restore.wanted(member.path)) continue;
    const { path, size, modified, mode, bytes, body } = member;
    await target.write({ path, size, modified, mode, ...(bytes ? { bytes } : {}), body });
  }
  await target.flush();
}

function membersOf(restore: PluginRestore): AsyncIterable<ArchiveMember> {
  const { store, snapshot, passphrase, timeUp = () => false } = restore;
  const { id, encrypted } = snapshot;
  const name = pluginObjectName(id, encrypted);
  const stored = withinLeg(name, store.read(name), timeUp);
  return readArchive(gunzip(encrypted ? opened(stored, passphrase) : stored), limitsOf(snapshot));
}

function opened(
  stored: AsyncIterable<Buffer>,
  passphrase: string | undefined,
): AsyncIterable<Buffer> {
  if (passphrase === undefined) throw new PassphraseMissingError();
  return decryptOpenssl(passphrase, stored);
}

/** A snapshot of the plugin is encrypted, and there is no passphrase in the configuration. */
export class PassphraseMissingError extends WorkspaceSyncError {
  constructor() {
    super(
      'The snapshot opens with a passphrase alone, and the configuration has none: set backup.passphrase.',
      { code: 'snapshot-no-key', retryable: false },
    );
  }
}

function limitsOf({ object }: PluginSnapshot): ArchiveLimits {
  const totalBytes = object.size * densest + 1024 * 1024;
  return { members: 2_000_000, memberBytes: totalBytes, totalBytes };
}
