import { endless } from '../functions/shared/snapshot/read/leg-over.ts';
import type { CatalogSnapshot, PluginSnapshot } from '../functions/shared/snapshot/read/catalog.ts';
import { verifyStretch } from '../functions/shared/snapshot/read/verify.ts';
import { previewPlugin } from '../functions/shared/snapshot/restore/plugin.ts';
import type { SnapshotStore } from '../functions/shared/snapshot/store/store.ts';
import type { KeyFiles } from './arguments.ts';
import { agentsOf, choose, type Chosen, type Wanted } from './choice.ts';
import { describeError, exitCodeOf, exitCodes } from './errors.ts';
import { type FolderContents, readFolder } from './folder-contents.ts';
import { folderStore } from './folder-store.ts';
import { Keyring } from './keyring.ts';
import { openPluginSnapshot, openSnapshot } from './opening.ts';
import { counted, say, sizeText } from './output.ts';
import { Progress } from './progress.ts';
import { namePolicy } from './restore-target.ts';

interface Verification {
  store: SnapshotStore;
  keyring: Keyring;
  progress: Progress;
}

/** Reads snapshots back: the one that is named, or all of them. */
export async function verify(request: { folder: string } & Wanted & KeyFiles): Promise<number> {
  const progress = new Progress('Verifying');
  const store = folderStore(request.folder, (bytes) => {
    progress.addBytes(bytes);
  });
  const contents = await readFolder(store);
  const verification = { store, keyring: new Keyring(request), progress };
  const chosen =
    request.snapshot === undefined
      ? everySnapshot(contents, request.agent)
      : [choose(contents, request, request.folder)];
  const outcomes: number[] = request.snapshot === undefined ? damaged(contents, request.agent) : [];
  for (const one of chosen) outcomes.push(await outcomeOf(verification, one));
  progress.end();
  if (outcomes.includes(exitCodes.failed)) return exitCodes.failed;
  return Math.max(exitCodes.ok, ...outcomes);
}

function everySnapshot(contents: FolderContents, agent: string | undefined): Chosen[] {
  const own = agentsOf(contents, agent).flatMap((one) =>
    one.snapshots.map((snapshot): Chosen => ({
      kind: 'own',
      agent: one.agent,
      snapshot,
      notes: [],
    })),
  );
  if (agent !== undefined) return own;
  return [
    ...own,
    ...contents.plugin.map((snapshot): Chosen => ({ kind: 'plugin', snapshot, notes: [] })),
  ];
}

/** Says which snapshots need not be read to know that they are no good. */
function damaged(contents: FolderContents, agent: string | undefined): number[] {
  const all = [
    ...agentsOf(contents, agent).flatMap((one) => one.damaged),
    ...(agent === undefined ? contents.unreadable : []),
  ];
  return all.map(({ id, problem }) => {
    say(`${id}  DAMAGED: ${problem}`);
    return exitCodes.failed;
  });
}

async function outcomeOf(verification: Verification, chosen: Chosen): Promise<number> {
  const { id } = chosen.snapshot;
  try {
    const found =
      chosen.kind === 'own'
        ? await readBack(verification, chosen.snapshot)
        : await readPluginBack(verification, chosen.snapshot);
    verification.progress.end();
    say(`${id}  good: ${found}`);
    return exitCodes.ok;
  } catch (error) {
    verification.progress.end();
    const code = exitCodeOf(error);
    if (code === exitCodes.interrupted) throw error;
    say(`${id}  ${code === exitCodes.key ? 'NOT OPENED' : 'DAMAGED'}: ${describeError(error)}`);
    return code;
  }
}

async function readBack(
  { store, keyring, progress }: Verification,
  snapshot: CatalogSnapshot,
): Promise<string> {
  const reader = await openSnapshot(store, snapshot, keyring, { hashes: true });
  progress.begin(storedBytes(snapshot));
  const everything = { from: { segment: 1, offset: 0 }, to: reader.last };
  const { files, bytes } = await verifyStretch(reader, everything, endless);
  const doubt = reader.manifest.encryption
    ? ''
    : '; it is not encrypted, so nothing proves who wrote it';
  return `${counted(files, 'file')}, ${sizeText(bytes)}, all of it read and compared${doubt}`;
}

async function readPluginBack(
  { store, keyring, progress }: Verification,
  snapshot: PluginSnapshot,
): Promise<string> {
  const opened = await openPluginSnapshot(store, snapshot, keyring);
  progress.begin(snapshot.object.size);
  const { files, bytes } = await previewPlugin({ ...opened, wanted: () => true }, namePolicy);
  return `${counted(files, 'file')}, ${sizeText(bytes)}, readable to its end; the plugin kept no hashes to compare with`;
}

/** What has to be read of a snapshot. */
export function storedBytes({ manifest }: CatalogSnapshot): number {
  return manifest.segments.reduce(
    (sum, { archive, files }) => sum + archive.bytes + files.bytes,
    0,
  );
}
