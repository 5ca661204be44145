/**
 * One backup or one restore, as the functions and the recovery kit do it, for a process of its own.
 * The work is described by `TASK` in the environment; it prints what it used and how much it did.
 */
import { endless } from '../functions/shared/snapshot/read/leg-over.ts';
import { S3Client } from '@aws-sdk/client-s3';
import {
  createEncryption,
  encryptionSoon,
} from '../functions/shared/snapshot/encryption/encryption.ts';
import { manifestName } from '../functions/shared/snapshot/names.ts';
import { commit, packLeg, segmentLimits } from '../functions/shared/snapshot/pack/backup.ts';
import type { Checkpoint } from '../functions/shared/snapshot/pack/checkpoint.ts';
import { Findings } from '../functions/shared/snapshot/pack/findings.ts';
import { SnapshotReader } from '../functions/shared/snapshot/read/reader.ts';
import { folderTarget } from '../functions/shared/snapshot/restore/folder-target.ts';
import { preview, restoreFiles } from '../functions/shared/snapshot/restore/restore.ts';
import { folderSource } from '../functions/shared/snapshot/source/folder-source.ts';
import { s3Source } from '../functions/shared/snapshot/source/s3-source.ts';
import type { Source } from '../functions/shared/snapshot/source/source.ts';
import { s3Store } from '../functions/shared/snapshot/store/s3-store.ts';
import { streamSource } from './snapshot-stream.ts';

/** What the process is to do. */
export interface Task {
  endpoint: string;
  /** Bucket of the snapshots. */
  bucket: string;
  passphrase: string;
  do:
    | { kind: 'backup'; from: { folder: string } | { bucket: string } | { streamBytes: number } }
    | { kind: 'restore'; to: string };
}

/** What it says at its end. */
export interface Done {
  files: number;
  bytes: number;
  /** Largest resident size of the process, in bytes. */
  peak: number;
}

const id = '20260102T030405Z-0123abcd';
const agent = 'main';
const never = (): boolean => false;

const task = JSON.parse(process.env['TASK'] ?? '') as Task;
const client = new S3Client({
  endpoint: task.endpoint,
  forcePathStyle: true,
  followRegionRedirects: true,
});
const store = s3Store({ client, bucket: task.bucket, prefix: 'snapshots', description: 'bench' });

function sourceOf(from: Extract<Task['do'], { kind: 'backup' }>['from']): Source {
  if ('folder' in from) return folderSource(from.folder);
  if ('bucket' in from) return s3Source({ client, bucket: from.bucket, prefix: '' });
  return streamSource(from.streamBytes);
}

async function backup(source: Source): Promise<Omit<Done, 'peak'>> {
  const encryption = encryptionSoon(createEncryption({ passphrase: task.passphrase }));
  const writer = { snapshot: { agent, id }, store, encryption };
  const begin: Checkpoint = {
    id,
    createdAt: '2026-01-02T03:04:05.000Z',
    scope: '',
    keys: null,
    missing: [],
    segments: [],
    packed: false,
    position: {},
    findings: new Findings().record(),
    slot: 'a',
    fingerprints: [],
  };
  const { checkpoint } = await packLeg(
    {
      writer,
      leg: 1,
      locations: [{ name: 'workspace', source, roots: [''] }],
      excluded: never,
      timeUp: never,
      limits: segmentLimits,
      onSegment: () => Promise.resolve(),
    },
    begin,
  );
  const { manifest } = await commit(writer, checkpoint, {
    agent,
    producer: { name: 'bench', version: '1', node: process.versions.node },
    source: 'bench',
    include: ['workspace'],
    exclude: [],
    previous: null,
    finishedAt: begin.createdAt,
  });
  await source.close();
  return { files: manifest.files, bytes: manifest.bytes };
}

async function restore(folder: string): Promise<Omit<Done, 'peak'>> {
  const bytes = (await store.readSmall([manifestName(id)])).get(manifestName(id));
  if (!bytes) throw new Error('There is no snapshot to restore.');
  const keys = { passphrase: task.passphrase };
  const reader = await SnapshotReader.open(store, { id, bytes, keys, hashes: false });
  const everything = (): boolean => true;
  const { segments } = await preview(reader, everything, {});
  const target = folderTarget(folder, id);
  const wanted = { wanted: everything, segments };
  const done = await restoreFiles(reader, wanted, target, { segment: 1, offset: 0 }, endless);
  await target.finish();
  return { files: done.files, bytes: done.bytes };
}

const result = await (task.do.kind === 'backup'
  ? backup(sourceOf(task.do.from))
  : restore(task.do.to));
client.destroy();
const done: Done = { ...result, peak: process.resourceUsage().maxRSS * 1_024 };
console.log(JSON.stringify(done));
