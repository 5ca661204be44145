import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest } from '../functions/shared/snapshot/manifest.ts';
import { parseObjectName } from '../functions/shared/snapshot/names.ts';
import {
  readCatalog,
  type Catalog,
  type PluginSnapshot,
} from '../functions/shared/snapshot/read/catalog.ts';
import type { SnapshotStore, StoredObject } from '../functions/shared/snapshot/store/store.ts';
import { WorkspaceSyncError } from '../functions/shared/errors.ts';
import { UsageError } from './errors.ts';

/** A snapshot that does not count, and why. */
type Damaged = Catalog['damaged'][number];

/** What one agent has in a folder. */
export interface AgentSnapshots {
  agent: string;
  /** Newest first. */
  snapshots: Catalog['snapshots'];
  damaged: Damaged[];
}

/** Everything in a folder that is part of a snapshot. */
export interface FolderContents {
  /** In the order of their names. */
  agents: AgentSnapshots[];
  /** Newest first; these do not say whose they are. */
  plugin: PluginSnapshot[];
  /** Manifests that cannot be read: nobody knows whose they are. */
  unreadable: Damaged[];
  /** Objects without a manifest: of backups that never came to an end, or were only copied in part. */
  orphans: number;
}

/**
 * Reads what is there, of all agents. No key is needed, and nothing is proven yet.
 * @throws UsageError where there is nothing
 */
export async function readFolder(store: SnapshotStore): Promise<FolderContents> {
  const objects = await store.list();
  const owners = await ownersOf(store, objects);
  const ownerOf = ({ name }: StoredObject): string | undefined =>
    owners.get(parseObjectName(name)?.id ?? '');
  const agents: AgentSnapshots[] = [];
  for (const agent of [...new Set(owners.values())].sort()) {
    const own = objects.filter((object) => ownerOf(object) === agent);
    const { snapshots, damaged } = await readCatalog(showing(store, own), agent);
    agents.push({ agent, snapshots, damaged });
  }
  const rest = objects.filter((object) => ownerOf(object) === undefined);
  const { plugin, damaged, orphans } = await readCatalog(showing(store, rest), '');
  if (agents.length + plugin.length + damaged.length === 0) {
    throw new UsageError(await nothingIn(store.description, orphans.length));
  }
  plugin.sort((a, b) => (a.id < b.id ? 1 : -1));
  return { agents, plugin, unreadable: damaged, orphans: orphans.length };
}

/** Whose a snapshot is, by its id. */
async function ownersOf(
  store: SnapshotStore,
  objects: readonly StoredObject[],
): Promise<Map<string, string>> {
  const manifests = objects.filter(({ name }) => parseObjectName(name)?.kind === 'manifest');
  const texts = await store.readSmall(manifests.map(({ name }) => name));
  const owners = new Map<string, string>();
  for (const [name, bytes] of texts) {
    const id = parseObjectName(name)?.id ?? '';
    try {
      owners.set(id, parseManifest(id, bytes).manifest.agent);
    } catch (error) {
      // It will turn up among the damaged.
      if (!(error instanceof WorkspaceSyncError)) throw error;
    }
  }
  return owners;
}

/** The same store with a part of its objects. */
function showing(store: SnapshotStore, objects: StoredObject[]): SnapshotStore {
  return { ...store, list: () => Promise.resolve(objects) };
}

/** Who has copied a whole bucket has the snapshots of each agent in a folder of its own. */
async function nothingIn(folder: string, orphans: number): Promise<string> {
  const below = await foldersWithSnapshots(folder, 4);
  if (below.length > 0) {
    return `There are no snapshots in ${folder} itself, but in folders below it. Name one of them: ${below.join(', ')}`;
  }
  const parts =
    orphans > 0
      ? `, only ${orphans} objects of backups without a manifest (backup-….manifest.json): copy the manifests too`
      : '';
  return `There are no snapshots in ${folder}${parts}. Name the folder with the files whose names begin with "backup-".`;
}

async function foldersWithSnapshots(folder: string, depth: number): Promise<string[]> {
  if (depth === 0) return [];
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    const names = await readdir(path).catch(() => []);
    const isStore = names.some((name) => parseObjectName(name) !== undefined);
    found.push(...(isStore ? [path] : await foldersWithSnapshots(path, depth - 1)));
  }
  return found;
}
