import { folders } from '../contract/index.ts';
import { excludesOf } from '../rclone/filter.ts';

/** The folders at the root, on either side, that no sync lists, writes to or deletes in. */
export const reservedFolders: readonly string[] = [
  folders.inbox,
  folders.outbox,
  folders.trash,
  folders.quarantine,
  folders.restored,
];

/**
 * The reserved folders as excludes. A file of such a name is left out, too: uploading it would put it
 * in the place of the folder.
 */
export const reservedExcludes = reservedFolders.flatMap(excludesOf);
