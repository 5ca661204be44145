import type { SkippedFile } from '../../contract/index.ts';
import { isSame, type Manifest } from '../../one-way/manifest.ts';
import { planOneWay } from '../../one-way/plan.ts';
import type { Place } from '../../rclone/command.ts';
import { hashNamed } from '../../rclone/hashes.ts';
import type { ListedFile, Listing } from '../../rclone/listing.ts';
import { unusable } from '../../rclone/names.ts';
import type { RcloneSession } from '../../rclone/session.ts';

/** What ingest does about each file. */
export interface IngestPlan {
  copy: ListedFile[];
  /** In the cloud folder already. */
  there: ListedFile[];
  skipped: SkippedFile[];
}

export interface IngestSides {
  local: Listing;
  remote: Listing;
  /** What has been copied before. */
  known: Manifest['files'];
  isExcluded: (path: string) => boolean;
  maxFileBytes: number;
}

const differs =
  'a file of that name with other content lies in the cloud folder, and ingest adds only: give it another name';
const changed =
  'it changed after it was copied up, and ingest adds only: give it another name to send it again';

/**
 * Compares the ingest folder with what lies in the cloud folder. A file of equal size of which
 * nothing is remembered is read on both sides, once: to take it for copied could lose it.
 */
export async function planIngest(
  { local, remote, known, isExcluded, maxFileBytes }: IngestSides,
  places: { session: RcloneSession; from: Place; to: Place },
): Promise<IngestPlan> {
  const plan = planOneWay({
    direction: 'push',
    source: local.files.filter(({ path }) => !isExcluded(path)),
    // What ingest cannot name in the cloud folder is the mirror's to tell of.
    destination: remote.files.filter(({ path }) => unusable(path) === undefined),
    destinationFolders: remote.folders,
    manifest: { files: undefined, settled: true },
    caseInsensitive: places.to.remote.caseInsensitive,
    comparable: () => false,
    maxFileBytes,
  });
  const before = (file: ListedFile): boolean => isSame(known?.get(file.path)?.workspace, file);
  const others = [...plan.update, ...plan.resend].filter((file) => !before(file));
  const unknown = others.filter((file) => !known?.has(file.path) && plan.resend.includes(file));
  const same = await equalFiles(places, unknown);
  const { copy, skipped } = plan;
  return {
    copy,
    there: [...plan.update, ...plan.resend].filter((file) => before(file) || same.has(file.path)),
    skipped: [
      ...skipped,
      ...others
        .filter(({ path }) => !same.has(path))
        .map(({ path }) => ({ path, reason: known?.has(path) ? changed : differs })),
    ],
  };
}

async function equalFiles(
  { session, from, to }: { session: RcloneSession; from: Place; to: Place },
  files: ListedFile[],
): Promise<ReadonlySet<string>> {
  const names = files.map(({ path }) => path);
  const [here, there] = await Promise.all([
    hashNamed(session, from, names),
    hashNamed(session, to, names),
  ]);
  return new Set(names.filter((name) => here.has(name) && here.get(name) === there.get(name)));
}
