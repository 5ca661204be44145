import { dropPrefix } from '../../functions/shared/contract/index.ts';
import { linksFolder } from '../../functions/shared/contract/drop-links.ts';
import { isTransient, safeName } from '../../functions/shared/mailbox/name-policy.ts';
import { nameInLine } from '../output/names.ts';

/** S3's limit for keys, in bytes of UTF-8. */
const maxKeyBytes = 1_024;

/**
 * What is wrong with a name below `_outbox`, in words that say what to change; `undefined` for one
 * that will be delivered, under this name or one that the delivery makes of it.
 */
export function faultOfName(path: string, agent: string): string | undefined {
  const shown = nameInLine(path);
  if (path === '' || path.endsWith('/')) return 'A file needs a name: give one with --as.';
  const segments = path.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    return `${shown} is no path below _outbox: it has an empty part, "." or "..".`;
  }
  if (segments[0] === linksFolder) {
    return `${shown} begins with ${linksFolder}, which is what drop links use. Choose another folder.`;
  }
  if (isTransient(path)) {
    return (
      `${shown} is the name of an unfinished or temporary file: it would lie in _outbox and never be ` +
      'delivered. Give it another with --as.'
    );
  }
  const bytes = Buffer.byteLength(dropPrefix(agent) + path);
  if (bytes <= maxKeyBytes) return undefined;
  return `${shown} is too long: its key has ${bytes} bytes, and S3 takes ${maxKeyBytes}. Shorten it with --as.`;
}

/** Under which name it is delivered, where that is another one than it has. */
export function otherName(path: string): string | undefined {
  const safe = safeName(path);
  return safe.renamed === undefined ? undefined : safe.path;
}
