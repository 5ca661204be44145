import { WorkspaceSyncError } from '../../errors.ts';
import { compareBytes } from './byte-order.ts';

/** A root that could lead out of its source, or that no listing could ever match. */
export class InvalidRootError extends WorkspaceSyncError {
  constructor(root: string) {
    super(
      `${JSON.stringify(root)} is not a root of a snapshot. Use "" for everything, "name/" for a ` +
        'folder or "name" for a file, without "." or ".." or empty names in between.',
      { code: 'invalid-root', retryable: false },
    );
  }
}

/** Whether a root stands for a folder and everything in it. */
export function isFolderRoot(root: string): boolean {
  return root === '' || root.endsWith('/');
}

/**
 * The roots in byte order, without those that lie inside another: the listings of what is left, one
 * after the other, are in byte order and name no file twice.
 * @throws InvalidRootError
 */
export function mergeRoots(roots: readonly string[]): string[] {
  roots.forEach(checkRoot);
  const merged: string[] = [];
  for (const root of roots.toSorted(compareBytes)) {
    const last = merged.at(-1);
    if (last === undefined || !covers(last, root)) merged.push(root);
  }
  return merged;
}

/** Whether a folder can hold paths greater than `after`; a folder ends in `/`, the topmost is `''`. */
export function reachesBeyond(folder: string, after: string): boolean {
  return after.startsWith(folder) || compareBytes(folder, after) > 0;
}

function covers(outer: string, inner: string): boolean {
  return inner === outer || (isFolderRoot(outer) && inner.startsWith(outer));
}

function checkRoot(root: string): void {
  if (root === '') return;
  const names = (root.endsWith('/') ? root.slice(0, -1) : root).split('/');
  if (names.some((name) => ['', '.', '..'].includes(name)) || root.includes('\0')) {
    throw new InvalidRootError(root);
  }
}
