const control = /\p{Cc}/u;
const reserved = ['_inbox', '_outbox', '.trash', '.quarantine', '.restored', '.workspace-sync'];

/** Names of folders without the empty and `.` ones. */
function segments(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '' && segment !== '.');
}

/** Whether a path stays inside its root: no `..`, no control characters. */
export function staysInside(path: string): boolean {
  return !segments(path).includes('..') && !control.test(path);
}

/** Whether a path names a folder of the workspace, or with `/`, `.` or nothing the whole of it. */
export function isFolderInside(path: string): boolean {
  const absolute = path.startsWith('/') && path !== '/';
  return !absolute && !path.includes('\\') && staysInside(path);
}

/** Whether a path lies in one of the folders that no sync touches. */
export function isReserved(path: string): boolean {
  return reserved.includes(segments(path)[0]?.toLowerCase() ?? '');
}

/** `shared/notes` of `./shared//notes/`; nothing at all of `/` and `.`. */
export function normalFolder(path: string): string {
  return segments(path).join('/');
}

/** As {@link normalFolder}, but the leading slash stays: some remotes know absolute paths. */
export function normalRemotePath(path: string): string {
  const folder = normalFolder(path);
  return path.startsWith('/') && folder !== '' ? `/${folder}` : folder;
}
