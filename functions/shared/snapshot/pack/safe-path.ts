import { hash } from 'node:crypto';

/** Folder of the archive for files whose names no restore may write. */
const renamedFolder = 'renamed';

/**
 * The path under which a file is stored: its own, unless that would lead out of the folder it is
 * restored to, or names no file. Object stores take such keys, and one of them must neither be lost
 * nor stop the restore of everything else.
 */
export function archivePath(path: string): string {
  const segments = path.split('/');
  const fits = segments.every(
    (name) => name !== '' && name !== '.' && name !== '..' && Buffer.byteLength(name) <= 255,
  );
  if (fits && !path.includes('\0')) return path;
  const base = (segments.at(-1) ?? '').replaceAll('\0', '_').slice(-60);
  const name = base === '' || base === '.' || base === '..' ? 'file' : base;
  return `${renamedFolder}/${hash('sha256', path).slice(0, 16)}/${name}`;
}
