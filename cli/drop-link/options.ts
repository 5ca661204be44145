import { isoTime, type Clock } from '../../functions/shared/clock.ts';
import {
  maxLinkBytes,
  maxLinkDays,
  maxLinkFiles,
} from '../../functions/shared/contract/drop-links.ts';
import { parseFileType } from '../../functions/shared/drop-link/file-types.ts';
import {
  folderOfLink,
  isGoodLabel,
  type LinkRecord,
} from '../../functions/shared/drop-link/record.ts';
import { wrongUsage } from '../failure.ts';
import { bytesInWords } from '../output/words.ts';

/** What a link is to allow. */
export interface DropLinkOptions {
  agent: string;
  /** How many files; 1 to 100. */
  files: number;
  /** Bytes of the largest one; at most 5 GiB. */
  maxBytes: number;
  /** As a person writes them: `pdf`, `image/*`; none for any. */
  types: string[];
  /** How long it is to live; at most a week. */
  lifetimeMs: number;
  /** What it is for: the folder of `_inbox` that its files come to. */
  label?: string | undefined;
}

/** S3 signs for whole seconds; a link of less than a minute is a slip of the pen. */
const shortestMs = 60_000;

/**
 * The record of a new link.
 * @throws CommandFailure where it would allow what cannot be held.
 */
export function newRecord(id: string, options: DropLinkOptions, clock: Clock): LinkRecord {
  const { agent, files, maxBytes, label, lifetimeMs } = options;
  if (!Number.isInteger(files) || files < 1 || files > maxLinkFiles) {
    throw wrongUsage(`--files is ${files}; a link takes 1 to ${maxLinkFiles} files.`);
  }
  if (maxBytes > maxLinkBytes) {
    throw wrongUsage(
      `--max-size is ${bytesInWords(maxBytes)}; S3 takes at most ${bytesInWords(maxLinkBytes)} in a form. ` +
        'For larger files give the person access to the cloud folder.',
    );
  }
  if (lifetimeMs < shortestMs || lifetimeMs > maxLinkDays * 86_400_000) {
    throw wrongUsage(`--expires is out of bounds; a link lives 1 minute to ${maxLinkDays} days.`);
  }
  if (label !== undefined && !isGoodLabel(label)) {
    throw wrongUsage(
      `--label is ${JSON.stringify(label)}; it becomes a folder of _inbox: up to 60 letters, digits, ` +
        'spaces, ".", "_" and "-", beginning with a letter or digit, and no name that steers agents.',
    );
  }
  const now = clock.now();
  return {
    version: 1,
    id,
    agent,
    folder: label ?? folderOfLink(id),
    files,
    maxBytes,
    types: options.types.map(parseFileType),
    createdAt: isoTime(now),
    expiresAt: isoTime(now + lifetimeMs),
  };
}
