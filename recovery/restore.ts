import { endless } from '../functions/shared/snapshot/read/leg-over.ts';
import { randomBytes } from 'node:crypto';
import type { CatalogSnapshot, PluginSnapshot } from '../functions/shared/snapshot/read/catalog.ts';
import { previewPlugin, restorePlugin } from '../functions/shared/snapshot/restore/plugin.ts';
import {
  preview,
  proveUnencrypted,
  restoreFiles,
} from '../functions/shared/snapshot/restore/restore.ts';
import { selectionOf, type Selection } from '../functions/shared/snapshot/restore/selection.ts';
import type { SnapshotStore } from '../functions/shared/snapshot/store/store.ts';
import type { RestoreRequest } from './arguments.ts';
import { choose, type Chosen } from './choice.ts';
import { namesOf, notesOn } from './closing-notes.ts';
import { exitCodes, UsageError } from './errors.ts';
import { readFolder } from './folder-contents.ts';
import { folderStore } from './folder-store.ts';
import { Interruption } from './interruption.ts';
import { Keyring } from './keyring.ts';
import { openPluginSnapshot, openSnapshot } from './opening.ts';
import { counted, say, sizeText } from './output.ts';
import { Progress } from './progress.ts';
import { type KitTarget, kitTarget, namePolicy, refuseUnfit } from './restore-target.ts';
import { storedBytes } from './verify.ts';

/** What there is to restore, once it has been looked at and found fit to be written. */
interface Plan {
  files: number;
  bytes: number;
  /** Bytes that have to be read for it. */
  stored: number;
  /** Each file that would come. */
  listing(): AsyncIterable<{ path: string; bytes: number }>;
  /** What has to hold before the first file is written. */
  prove(): Promise<void>;
  write(target: KitTarget): Promise<void>;
  notes(): Promise<string[]>;
}

/** Brings files back from a snapshot into a new folder: all of it or nothing. */
export async function restore(request: RestoreRequest): Promise<number> {
  const progress = new Progress('Restoring');
  const interruption = new Interruption();
  const store = folderStore(request.folder, (bytes) => {
    interruption.check();
    progress.addBytes(bytes);
  });
  const target = kitTarget(request.to, randomBytes(4).toString('hex'), () => {
    interruption.check();
    progress.addFile();
  });
  try {
    const wanted = selectionOf(request.paths);
    const chosen = choose(await readFolder(store), request, request.folder);
    if (!request.dryRun) await refuseUnfit(target);
    const plan = await planOf({ store, keyring: new Keyring(request), wanted }, chosen);
    if (plan.files === 0 && request.paths) throw nothingMatches(request.paths, chosen);
    if (request.dryRun) return await show(plan, chosen);
    progress.begin(request.paths ? 0 : plan.stored);
    await write(plan, target, interruption);
    const seconds = progress.end();
    report(plan, chosen, target, seconds);
    for (const note of [...chosen.notes, ...(await plan.notes()), ...renamings(target)]) {
      say(`Note: ${note}`);
    }
    return exitCodes.ok;
  } finally {
    progress.end();
  }
}

/** On failure nothing stays. */
async function write(plan: Plan, target: KitTarget, interruption: Interruption): Promise<void> {
  interruption.begin();
  try {
    await plan.prove();
    await plan.write(target);
    interruption.check();
    await target.finish();
  } catch (error) {
    await target.discard();
    throw error;
  } finally {
    interruption.end();
  }
}

interface Source {
  store: SnapshotStore;
  keyring: Keyring;
  wanted: Selection;
}

function planOf(source: Source, chosen: Chosen): Promise<Plan> {
  return chosen.kind === 'own'
    ? planOwn(source, chosen.snapshot)
    : planPlugin(source, chosen.snapshot);
}

async function planOwn(
  { store, keyring, wanted }: Source,
  snapshot: CatalogSnapshot,
): Promise<Plan> {
  const reader = await openSnapshot(store, snapshot, keyring, { hashes: false });
  const { files, bytes, segments } = await preview(reader, wanted, namePolicy);
  return {
    files,
    bytes,
    stored: storedBytes(snapshot) * (reader.manifest.encryption ? 1 : 2),
    async *listing() {
      for await (const { path, size } of reader.files()) {
        if (wanted(path)) yield { path, bytes: size };
      }
    },
    prove: () => proveUnencrypted(reader),
    async write(target) {
      if (files === 0) return;
      const from = { segment: Math.min(...segments), offset: 0 };
      await restoreFiles(reader, { wanted, segments }, target, from, endless);
    },
    async notes() {
      const doubt = reader.manifest.encryption
        ? []
        : [
            'The snapshot is not encrypted, so nothing proves who wrote it: look at the files before you use them.',
          ];
      return [...doubt, ...(await notesOn(reader, wanted))];
    },
  };
}

async function planPlugin(
  { store, keyring, wanted }: Source,
  snapshot: PluginSnapshot,
): Promise<Plan> {
  const opened = await openPluginSnapshot(store, snapshot, keyring);
  // Its archives know no workspace/ and state/: a path means what it says too.
  const source = {
    ...opened,
    wanted: (path: string) => wanted(path) || wanted(`workspace/${path}`),
  };
  const { files, bytes, sample, links } = await previewPlugin(source, namePolicy);
  return {
    files,
    bytes,
    stored: snapshot.object.size,
    async *listing() {
      await Promise.resolve();
      yield* sample;
    },
    prove: () => Promise.resolve(),
    write: (target) => restorePlugin(source, target, namePolicy),
    notes: () =>
      Promise.resolve([
        'The plugin kept no hashes of its files: that they are readable is all that is known.',
        ...(links.length > 0
          ? [
              `Links are not restored: ${namesOf(links.map(({ path, link }) => `${path} to ${link}`))}.`,
            ]
          : []),
      ]),
  };
}

async function show(plan: Plan, chosen: Chosen): Promise<number> {
  let shown = 0;
  for await (const { path, bytes } of plan.listing()) {
    say(`${String(bytes).padStart(13)}  ${path}`);
    shown++;
  }
  if (shown < plan.files) say(`… and ${counted(plan.files - shown, 'file')} more`);
  say(
    `${counted(plan.files, 'file')}, ${sizeText(plan.bytes)}, would come from ${nameOf(chosen)}. Nothing was written.`,
  );
  for (const note of chosen.notes) say(`Note: ${note}`);
  return exitCodes.ok;
}

function report({ files, bytes }: Plan, chosen: Chosen, target: KitTarget, seconds: number): void {
  say(
    `Restored ${counted(files, 'file')}, ${sizeText(bytes)}, from ${nameOf(chosen)} to ${target.description} in ${seconds.toFixed(1)} s.`,
  );
}

function nameOf(chosen: Chosen): string {
  const { id } = chosen.snapshot;
  return chosen.kind === 'own'
    ? `snapshot ${id} of agent ${chosen.agent}`
    : `snapshot ${id} of the original plugin`;
}

function renamings(target: KitTarget): string[] {
  const renamed = target.renamings();
  if (renamed.length === 0) return [];
  const names = renamed.map(({ from, to }) => `${from} is now ${to}`);
  return [
    `This system cannot hold ${counted(renamed.length, 'name')} as stored: ${namesOf(names)}.`,
  ];
}

function nothingMatches(paths: readonly string[], chosen: Chosen): UsageError {
  return new UsageError(
    `Nothing in ${nameOf(chosen)} matches ${paths.map((path) => JSON.stringify(path)).join(', ')}. --dry-run without --path lists what there is.`,
  );
}
