import { FileGoneError, FileUnreadableError, SourceUnavailableError } from './source.ts';

/** The code of a system error, such as `ENOENT`; else its text. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

/** There is nothing of that name, or what should be a folder is none. */
export function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(errorCode(error));
}

/** This one thing cannot be read, while others can. */
export function isRefused(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EIO', 'ESTALE', 'ENAMETOOLONG'].includes(errorCode(error));
}

/** What a failure to read a file says about it. */
export function fileFailure(path: string, error: unknown): unknown {
  const code = errorCode(error);
  if (isAbsent(error)) return new FileGoneError(path, error);
  if (['ELOOP', 'EMLINK'].includes(code)) {
    return new FileUnreadableError(path, 'it has become a link', error);
  }
  // A socket cannot be opened at all.
  if (['ENXIO', 'ENODEV'].includes(code)) {
    return new FileUnreadableError(path, 'it is no plain file any more', error);
  }
  if (isRefused(error)) return new FileUnreadableError(path, code, error);
  const isSystem = error instanceof Error && 'syscall' in error;
  return isSystem
    ? new SourceUnavailableError(`reading ${path} failed with ${code}`, error)
    : error;
}
