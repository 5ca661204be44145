import * as z from 'zod';
import { WorkspaceSyncError } from '../errors.ts';
import { keysSchema } from './encryption/keys.ts';
import { manifestName, snapshotIdPattern } from './names.ts';

const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const id = z.string().regex(snapshotIdPattern);

const objectSchema = z.object({ name: z.string(), bytes: count, sha256 });

/** One segment: the archive is all of them, one after the other. */
export const segmentSchema = z.object({
  leg: z.int().positive(),
  number: z.int().positive(),
  /** The object with the segment of the archive, and how large that is before compression. */
  archive: objectSchema.extend({ archiveBytes: count }),
  /** The object with the list of the files that end in the segment, and how many they are. */
  files: objectSchema.extend({ count }),
});

const bodySchema = z.object({
  format: z.literal('workspace-sync-snapshot'),
  version: z.literal(1),
  agent: z.string(),
  id,
  /** When reading began and when the manifest was written, ISO 8601. */
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  producer: z.object({
    name: z.string(),
    version: z.string(),
    node: z.string(),
    /** Where rclone carried something. */
    rclone: z.string().exactOptional(),
  }),
  /** Kind of the workspace that was read. */
  source: z.string(),
  include: z.array(z.string()),
  /** Items of `include` that were not there, and a workspace that was empty. */
  missing: z.array(z.string()),
  exclude: z.array(z.string()),
  /** How it is encrypted, or `null` where it is not. */
  encryption: z.object({ scheme: z.literal('aws-encryption-sdk-2'), keys: keysSchema }).nullable(),
  files: count,
  /** Bytes of the files themselves. */
  bytes: count,
  /** Bytes of all segments as they are stored. */
  archiveBytes: count,
  segments: z.array(segmentSchema).min(1),
  /** Files of each kind of trouble; their names are in the list of files alone. */
  warnings: z.record(z.string(), count),
  /** SQLite databases among the files, and how many of them were in use. */
  databases: z.object({ found: count, inUse: count }),
  /** The snapshot before, by the hash of its manifest. */
  previous: z.object({ id, sha256 }).nullable(),
});

/** Everything that a manifest says. */
export type Manifest = z.infer<typeof bodySchema>;
export type Segment = Manifest['segments'][number];
/** One stored object that a manifest vouches for. */
export type ManifestObject = z.infer<typeof objectSchema>;

const fileSchema = z.object({ body: z.unknown(), seal: z.string().nullable() });

/** A manifest as it was read, before its seal has been opened. */
export interface SealedManifest {
  manifest: Manifest;
  /** What the seal vouches for: the text of the body. */
  text: string;
  /** A message of the encryption scheme whose content is the SHA-256 of `text`; `null` unencrypted. */
  seal: Buffer | null;
}

/** The text of the body, which the seal vouches for. */
export function manifestText(manifest: Manifest): string {
  return JSON.stringify(manifest);
}

/** The manifest's object. */
export function formatManifest(text: string, seal: Buffer | undefined): string {
  const body = JSON.stringify(JSON.parse(text), undefined, 2);
  return `{"body": ${body},\n"seal": ${JSON.stringify(seal?.toString('base64') ?? null)}}\n`;
}

/**
 * Reads a manifest; that it is genuine only its seal can tell.
 * @throws ManifestError where it is not one, or not that of the snapshot it is named after.
 */
export function parseManifest(snapshot: string, bytes: Uint8Array): SealedManifest {
  const { body, seal } = parsed(snapshot, bytes);
  const version = z.object({ version: z.int().min(2) }).safeParse(body);
  if (version.success) {
    const problem = `is of format version ${version.data.version}, and this release reads version 1. Use a newer release or the recovery kit that lies beside it`;
    throw new ManifestError(snapshot, problem);
  }
  const manifest = bodySchema.safeParse(body);
  if (!manifest.success) {
    throw new ManifestError(snapshot, `is not a manifest: ${firstIssue(manifest.error)}`);
  }
  if (manifest.data.id !== snapshot) {
    throw new ManifestError(snapshot, `is the manifest of snapshot ${manifest.data.id}`);
  }
  return {
    manifest: manifest.data,
    text: JSON.stringify(body),
    seal: seal === null ? null : Buffer.from(seal, 'base64'),
  };
}

function parsed(snapshot: string, bytes: Uint8Array): z.infer<typeof fileSchema> {
  try {
    return fileSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    throw new ManifestError(snapshot, 'is not JSON with "body" and "seal"');
  }
}

function firstIssue({ issues }: z.ZodError): string {
  const [issue] = issues;
  return issue ? `${issue.path.join('.')}: ${issue.message}` : 'it has another shape';
}

/** What stands under a manifest's name cannot be taken for it. */
export class ManifestError extends WorkspaceSyncError {
  constructor(snapshot: string, problem: string) {
    super(`${manifestName(snapshot)} ${problem}.`, { code: 'manifest', retryable: false });
  }
}
