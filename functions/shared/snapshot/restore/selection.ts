import { patternToRegExp } from '../../rclone/filter.ts';

/** Whether a path of the archive is among those that are wanted. */
export type Selection = (path: string) => boolean;

/**
 * What paths and patterns select: a file, everything in a folder, or what an rclone pattern
 * matches from the root. Without `workspace/` or `state/` before them they mean the workspace.
 * @param unused is left with those that have matched nothing so far
 * @throws PatternError
 */
export function selectionOf(
  paths: readonly string[] | undefined,
  unused = new Set<string>(),
): Selection {
  if (paths === undefined) return () => true;
  for (const wanted of paths) unused.add(wanted);
  const tests = paths.map((wanted) => [wanted, selector(wanted)] as const);
  return (path) => {
    let found = false;
    for (const [wanted, test] of tests) {
      if (!test(path)) continue;
      unused.delete(wanted);
      found = true;
    }
    return found;
  };
}

function selector(wanted: string): Selection {
  const plain = wanted.replace(/^\/+|\/+$/g, '');
  const rooted = /^(?:workspace|state|renamed)(?:\/|$)/.test(plain) ? plain : `workspace/${plain}`;
  const pattern = patternToRegExp(`/${rooted}`);
  return (path) =>
    path === rooted || path === plain || path.startsWith(`${rooted}/`) || pattern.test(path);
}
