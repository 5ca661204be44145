import { endless } from '../../../functions/shared/snapshot/read/leg-over.ts';
import { generateKeyPairSync, hash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { Keys } from '../../../functions/shared/snapshot/encryption/decryption.ts';
import {
  createEncryption,
  type Encryption,
  type Locks,
} from '../../../functions/shared/snapshot/encryption/encryption.ts';
import type { Manifest } from '../../../functions/shared/snapshot/manifest.ts';
import { manifestName } from '../../../functions/shared/snapshot/names.ts';
import { commit, packLeg } from '../../../functions/shared/snapshot/pack/backup.ts';
import type { Checkpoint } from '../../../functions/shared/snapshot/pack/checkpoint.ts';
import { Findings } from '../../../functions/shared/snapshot/pack/findings.ts';
import type { Location } from '../../../functions/shared/snapshot/pack/location.ts';
import { SnapshotReader } from '../../../functions/shared/snapshot/read/reader.ts';
import { verifyStretch, type VerifiedLeg } from '../../../functions/shared/snapshot/read/verify.ts';
import { folderTarget } from '../../../functions/shared/snapshot/restore/folder-target.ts';
import {
  preview,
  proveUnencrypted,
  restoreFiles,
} from '../../../functions/shared/snapshot/restore/restore.ts';
import { folderSource } from '../../../functions/shared/snapshot/source/folder-source.ts';
import { MemorySnapshotStore } from '../../fixtures/memory-snapshot-store.ts';
import { quickEncryption } from '../../fixtures/quick-passphrase.ts';
import { folderOfTest } from '../../fixtures/temporary-folder.ts';

export const passphrase = 'correct horse battery staple';
export const snapshotId = '20261122T101500Z-0123abcd';

/** For tests that open a snapshot many times: a passphrase takes a third of a second each time. */
export const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** A folder with files, until the test has finished. */
export function givenFolder(files: Record<string, string | Buffer>): string {
  return writeFiles(folderOfTest('snapshot-test'), files);
}

/** The folder, with these files in it. */
export function writeFiles(root: string, files: Record<string, string | Buffer>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

/** The files below a folder, by path. */
export function filesIn(root: string): Record<string, Buffer> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [relative(root, path), readFileSync(path)] as const;
      }),
  );
}

export interface GivenBackup {
  files?: Record<string, string | Buffer>;
  locations?: Location[];
  store?: MemorySnapshotStore;
  id?: string;
  agent?: string;
  encrypt?: boolean;
  /** A passphrase by default. */
  locks?: Locks;
  limits?: { bytes: number; files: number };
  /** Told after how many calls the time of a leg is up. */
  callsPerLeg?: number;
  /** The same for each leg; later ones have all the time they want. */
  cuts?: readonly number[];
  /** Called before each leg but the first. */
  betweenLegs?: () => void;
  createdAt?: string;
}

export interface TakenSnapshot {
  store: MemorySnapshotStore;
  manifest: Manifest;
  legs: number;
  checkpoint: Checkpoint;
  open(keys?: Keys): Promise<SnapshotReader>;
}

/** By a passphrase that is quickly opened, unless said otherwise. */
function givenEncryption(locks?: Locks): Promise<Encryption> {
  if (locks) return createEncryption(locks);
  return quickEncryption({ passphrase });
}

/** Takes a snapshot as the job does, over as many legs as it needs. */
export async function takeSnapshot(options: GivenBackup = {}): Promise<TakenSnapshot> {
  if (options.locations) return takeSnapshotOf(options.locations, options);
  const root = mkdtempSync(join(tmpdir(), 'snapshot-test-'));
  try {
    const source = folderSource(writeFiles(root, options.files ?? {}));
    return await takeSnapshotOf([{ name: 'workspace', source, roots: [''] }], options);
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function takeSnapshotOf(locations: Location[], options: GivenBackup): Promise<TakenSnapshot> {
  const { store = new MemorySnapshotStore(), id = snapshotId, agent = 'main' } = options;
  const encryption = options.encrypt === false ? undefined : await givenEncryption(options.locks);
  const writer = { snapshot: { agent, id }, store, encryption };
  let checkpoint: Checkpoint = {
    id,
    createdAt: options.createdAt ?? '2026-11-22T10:15:00.000Z',
    scope: '',
    keys: encryption?.keys ?? null,
    missing: [],
    segments: [],
    packed: false,
    position: {},
    findings: new Findings().record(),
    slot: 'a',
    fingerprints: [],
  };
  let legs = 0;
  for (let finished = false; !finished;) {
    if (legs > 0) options.betweenLegs?.();
    const calls = options.cuts ? (options.cuts[legs] ?? Infinity) : options.callsPerLeg;
    let left = calls ?? Infinity;
    legs++;
    const leg = await packLeg(
      {
        writer,
        leg: legs,
        locations,
        excluded: () => false,
        ...(options.limits ? { limits: options.limits } : {}),
        timeUp: () => --left < 0,
        onSegment: () => Promise.resolve(),
      },
      // As the next leg reads it from the state.
      JSON.parse(JSON.stringify(checkpoint)) as Checkpoint,
    );
    ({ checkpoint, finished } = leg);
    if (legs > 1_000) throw new Error('The backup does not come to an end.');
  }
  await Promise.all(locations.map(({ source }) => source.close()));
  const { manifest } = await commit(writer, checkpoint, {
    agent,
    producer: { name: 'test', version: '0', node: '24' },
    source: 'efs',
    include: ['workspace'],
    exclude: [],
    previous: null,
    finishedAt: '2026-11-22T10:16:00.000Z',
  });
  return {
    store,
    manifest,
    legs,
    checkpoint,
    open: (keys = { passphrase }) => openSnapshot(store, id, keys),
  };
}

/** Opens a snapshot of a store. */
export function openSnapshot(
  store: MemorySnapshotStore,
  id: string,
  keys: Keys = { passphrase },
): Promise<SnapshotReader> {
  const bytes = store.objects.get(manifestName(id))?.bytes ?? Buffer.alloc(0);
  return SnapshotReader.open(store, { id, bytes, keys });
}

/** Comparing buffers of megabytes element by element takes minutes. */
export function hashes(files: Record<string, string | Buffer>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [path, hash('sha256', content)]),
  );
}

/** The same, as they are called in an archive. */
export function inWorkspace(files: Record<string, string | Buffer>): Record<string, string> {
  return hashes(
    Object.fromEntries(
      Object.entries(files).map(([path, content]) => [`workspace/${path}`, content]),
    ),
  );
}

/** Reads all of a snapshot back, as the job does. */
export function verifyAll(reader: SnapshotReader): Promise<VerifiedLeg> {
  const everything = { from: { segment: 1, offset: 0 }, to: reader.last };
  return verifyStretch(reader, everything, endless);
}

/**
 * Restores all of a snapshot to a new folder, in the order in which the job does it; where anything
 * fails, what was written is discarded.
 */
export async function restoreAll(reader: SnapshotReader, folder: string): Promise<void> {
  const wanted = (): boolean => true;
  const { segments } = await preview(reader, wanted, { target: 'objects', names: 'exact' });
  await proveUnencrypted(reader);
  const target = folderTarget(folder, 'test');
  const from = { segment: Math.min(...segments), offset: 0 };
  try {
    await restoreFiles(reader, { wanted, segments }, target, from, endless);
  } catch (error) {
    await target.discard();
    throw error;
  }
  await target.finish();
}
