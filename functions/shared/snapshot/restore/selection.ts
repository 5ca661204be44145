import { patternToRegExp } from '../../rclone/filter.ts';

/** Whether a path of the archive is among those that are wanted. */
export type Selection = (path: string) => boolean;

/**
 * What paths and patterns select: a file, everything in a folder, or what an rclone pattern
 * matches from the root. Without `workspace/` or `state/` before them they mean the workspace.
 * @throws PatternError
 */
export function selectionOf(paths: readonly string[] | undefined): Selection {
  if (paths === undefined) return () => true;
  const tests = paths.map(selector);
  return (path) => tests.some((test) => test(path));
}

function selector(wanted: string): Selection {
  const plain = wanted.replace(/^\/+|\/+$/g, '');
  const rooted = /^(?:workspace|state|renamed)(?:\/|$)/.test(plain) ? plain : `workspace/${plain}`;
  const pattern = patternToRegExp(`/${rooted}`);
  return (path) =>
    path === rooted || path === plain || path.startsWith(`${rooted}/`) || pattern.test(path);
}
