import { folders } from '../contract/index.ts';

/** The folders at the root, on either side, that no sync lists, writes to or deletes in. */
export const reservedFolders: readonly string[] = [
  folders.inbox,
  folders.outbox,
  folders.trash,
  folders.quarantine,
  folders.restored,
  folders.own,
];

/**
 * The reserved folders as excludes. A file of such a name is left out, too: uploading it would put it
 * in the place of the folder.
 * @param anyCase where one of the sides takes `_Outbox` for `_outbox`
 */
export function reservedExcludes(anyCase: boolean): string[] {
  return reservedFolders.flatMap((folder) => excludesOfFolder(folder, anyCase));
}

function excludesOfFolder(folder: string, anyCase: boolean): string[] {
  const pattern = reservedPattern(folder, anyCase);
  return [pattern, `${pattern}/**`];
}

const added = new Set([false, true].flatMap((anyCase) => excludesOfFolder(folders.own, anyCase)));

/**
 * The excludes by which what is remembered of a pair is recognised. A folder that became reserved
 * later is not among them: leaving it out on both sides makes nothing look deleted on one of them, and
 * what earlier releases remember stays good.
 */
export function rememberedExcludes(exclude: readonly string[]): string[] {
  return exclude.filter((pattern) => !added.has(pattern));
}

/** The pattern of a folder at the root; none of their names has a character that means something. */
export function reservedPattern(folder: string, anyCase: boolean): string {
  if (!anyCase) return `/${folder}`;
  return `/${folder.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)}`;
}
