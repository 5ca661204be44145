import * as z from 'zod';

/** A file as a listing shows it, on either side. */
export interface ListedFile {
  /** Relative to the folder that was listed, with `/` between names. */
  path: string;
  size: number;
  /** As the listing gives it; compared for being the same, never for order. */
  modified: string;
  /** Hash or tag that changes when the content does, where the listing has one. */
  hash?: string;
  /** It lies there, and rclone does not find it under this path. */
  unreachable?: true;
}

export interface Listing {
  files: ListedFile[];
  folders: string[];
}

const entrySchema = z.object({
  Path: z.string(),
  Size: z.number(),
  ModTime: z.string(),
  IsDir: z.boolean(),
  Hashes: z.record(z.string(), z.string()).optional(),
});

/**
 * Parses what `rclone lsjson` prints. Entries without a size (documents that have no bytes of their
 * own) are left out: there is nothing that could be compared, carried or deleted.
 */
export function parseListing(json: string): Listing {
  const entries = z.array(entrySchema).parse(JSON.parse(json));
  return {
    folders: entries.filter((entry) => entry.IsDir).map((entry) => entry.Path),
    files: entries
      .filter((entry) => !entry.IsDir && entry.Size >= 0)
      .map((entry) => ({
        path: entry.Path,
        size: entry.Size,
        modified: entry.ModTime,
        ...hashOf(entry.Hashes),
      })),
  };
}

/**
 * Whether a listing ended because the folder that was named is not there. The same exit code with
 * entries before it means that a folder vanished while it was listed: then nothing is known.
 */
export function isMissingFolder({ outcome, stdout }: { outcome: string; stdout: string }): boolean {
  return outcome === 'not-found' && /^[[\]\s]*$/.test(stdout);
}

function hashOf(hashes: Record<string, string> | undefined): { hash?: string } {
  const first = Object.entries(hashes ?? {}).find(([, value]) => value !== '');
  return first ? { hash: first.join(':') } : {};
}
