import { WorkspaceSyncError } from '../../errors.ts';

/** There is no such object. */
export class ObjectMissingError extends WorkspaceSyncError {
  constructor(name: string, where: string) {
    super(`${JSON.stringify(name)} is not in ${where}.`, {
      code: 'object-missing',
      retryable: false,
    });
  }
}

/** The name is taken: nothing that exists is ever overwritten. */
export class ObjectExistsError extends WorkspaceSyncError {
  constructor(name: string, where: string) {
    super(`${JSON.stringify(name)} is already in ${where}; it is left as it is.`, {
      code: 'object-exists',
      retryable: false,
    });
  }
}
