import { hash } from 'node:crypto';
import { messageOf } from '../../errors.ts';
import type { SnapshotSummary } from '../../contract/index.ts';
import { epochOf, isoTime } from '../../clock.ts';
import { parseManifest, type Manifest } from '../manifest.ts';
import { manifestName, parseObjectName, timeOfId } from '../names.ts';
import type { SnapshotStore, StoredObject } from '../store/store.ts';
import { parseVerification, verdictOf, type Verification } from './verification.ts';

/** A snapshot of this agent whose manifest can be read and whose objects are all there. */
export interface CatalogSnapshot {
  id: string;
  manifest: Manifest;
  /** The manifest's object, and the SHA-256 of that. */
  bytes: Buffer;
  sha256: string;
  /** When the storage says that the manifest was written, in milliseconds since the epoch. */
  stored: number;
  /** Objects that belong to it, the manifest first. */
  objects: string[];
  /** What its verifications amount to. */
  verification?: Verification;
}

/** A snapshot that the original plugin wrote: one object, which says nothing about itself. */
export interface PluginSnapshot {
  id: string;
  encrypted: boolean;
  object: StoredObject;
}

/** What lies in a store, from the point of view of one agent. */
export interface Catalog {
  /** Newest first. */
  snapshots: CatalogSnapshot[];
  plugin: PluginSnapshot[];
  /** Manifests that do not count, and why: unreadable, or with objects missing or cut short. */
  damaged: { id: string; problem: string }[];
  /** Objects that are named like parts of a snapshot and have no manifest. */
  orphans: { id: string; object: StoredObject }[];
  /** Manifests of other agents: left alone. */
  foreign: number;
}

/** Reads what is there; whatever is not named like ours is not even counted. */
export async function readCatalog(store: SnapshotStore, agent: string): Promise<Catalog> {
  const objects = new Map((await store.list()).map((object) => [object.name, object]));
  const sizes = new Map([...objects].map(([name, { size }]) => [name, size]));
  const byId = groupById(objects.values());
  const ids = [...byId].filter(([id]) => objects.has(manifestName(id))).map(([id]) => id);
  const records = [...objects.keys()].filter(
    (name) => parseObjectName(name)?.kind === 'verification',
  );
  const texts = await store.readSmall([...ids.map(manifestName), ...records]);
  const catalog: Catalog = {
    snapshots: [],
    plugin: pluginSnapshots(objects.values()),
    damaged: [],
    orphans: [],
    foreign: 0,
  };
  for (const [id, group] of byId) {
    const bytes = texts.get(manifestName(id));
    if (!objects.has(manifestName(id))) {
      catalog.orphans.push(...group.map((object) => ({ id, object })));
    } else {
      enter(catalog, agent, { id, group, bytes, objects, sizes, texts });
    }
  }
  catalog.snapshots.sort(newestFirst);
  return catalog;
}

interface Found {
  id: string;
  group: StoredObject[];
  bytes: Buffer | undefined;
  objects: ReadonlyMap<string, StoredObject>;
  sizes: ReadonlyMap<string, number>;
  texts: ReadonlyMap<string, Buffer>;
}

function enter(catalog: Catalog, agent: string, found: Found): void {
  const { id, group, bytes, objects, sizes, texts } = found;
  try {
    if (!bytes) throw new Error('its manifest cannot be read');
    const { manifest } = parseManifest(id, bytes);
    if (manifest.agent !== agent) {
      catalog.foreign++;
      return;
    }
    const problem = incompleteness(manifest, sizes);
    if (problem !== undefined) throw new Error(problem);
    const sha256 = hash('sha256', bytes);
    const verification = verdictOf(verificationsOf(group, texts), sha256);
    catalog.snapshots.push({
      id,
      manifest,
      bytes,
      sha256,
      stored: objects.get(manifestName(id))?.modified ?? Number.NaN,
      objects: [
        manifestName(id),
        ...group.map(({ name }) => name).filter((name) => name !== manifestName(id)),
      ],
      ...(verification ? { verification } : {}),
    });
  } catch (error) {
    const problem = messageOf(error);
    catalog.damaged.push({ id, problem });
  }
}

function verificationsOf(
  group: readonly StoredObject[],
  texts: ReadonlyMap<string, Buffer>,
): Verification[] {
  return group.flatMap(({ name, modified }) => {
    const text = parseObjectName(name)?.kind === 'verification' ? texts.get(name) : undefined;
    const record = text && parseVerification(text);
    return record ? [record.passed ? record : foundNoEarlier(record, modified)] : [];
  });
}

/**
 * What failed is given up some days after it was found to be bad. A record that claims an earlier
 * time than the storage got it would take these days away, in which somebody can have a look.
 */
function foundNoEarlier(record: Verification, stored: number): Verification {
  return stored > epochOf(record.at) ? { ...record, at: isoTime(stored) } : record;
}

/** A truncated or missing object never counts as part of a snapshot. */
export function incompleteness(
  { segments }: Pick<Manifest, 'segments'>,
  sizes: ReadonlyMap<string, number>,
): string | undefined {
  for (const { archive, files } of segments) {
    for (const { name, bytes } of [archive, files]) {
      const size = sizes.get(name);
      if (size === undefined) return `${name} is missing`;
      if (size !== bytes) return `${name} has ${size} bytes, not ${bytes}`;
    }
  }
  return undefined;
}

function groupById(objects: Iterable<StoredObject>): Map<string, StoredObject[]> {
  const groups = new Map<string, StoredObject[]>();
  for (const object of objects) {
    const name = parseObjectName(object.name);
    if (!name || name.kind === 'plugin') continue;
    const group = groups.get(name.id) ?? [];
    group.push(object);
    groups.set(name.id, group);
  }
  return groups;
}

function pluginSnapshots(objects: Iterable<StoredObject>): PluginSnapshot[] {
  const all = [...objects].flatMap((object) => {
    const name = parseObjectName(object.name);
    if (name?.kind !== 'plugin') return [];
    return [{ id: name.id, encrypted: name.encrypted, object }];
  });
  // Beside one that is encrypted, one of the same time that is not can be anybody's.
  const encrypted = new Set(all.filter((each) => each.encrypted).map(({ id }) => id));
  return all.filter((each) => each.encrypted || !encrypted.has(each.id));
}

function newestFirst(a: CatalogSnapshot, b: CatalogSnapshot): number {
  const [first, second] = [epochOf(a.manifest.createdAt), epochOf(b.manifest.createdAt)];
  return second - first || (a.id < b.id ? 1 : -1);
}

/** A snapshot in a few words. */
export function summaryOf(manifest: Manifest, verification?: Verification): SnapshotSummary {
  const { id, createdAt, files, bytes, archiveBytes, encryption, missing, databases } = manifest;
  return {
    id,
    format: 'workspace-sync',
    createdAt,
    files,
    bytes,
    storedBytes: archiveBytes,
    encrypted: encryption !== null,
    ...(missing.length > 0 ? { missing } : {}),
    ...(databases.inUse > 0 ? { databasesInUse: databases.inUse } : {}),
    ...(verification
      ? {
          verified: {
            at: verification.at,
            passed: verification.passed,
            percent: verification.percent,
          },
        }
      : {}),
  };
}

/** The plugin's snapshots say no more than their names. */
export function pluginSummary({ id, encrypted, object }: PluginSnapshot): SnapshotSummary {
  const time = timeOfId(id);
  return {
    id,
    format: 'plugin',
    createdAt: isoTime(Number.isNaN(time) ? object.modified : time),
    storedBytes: object.size,
    encrypted,
  };
}
