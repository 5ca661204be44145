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

/** What was read or written is not the whole object. */
export class ObjectIncompleteError extends WorkspaceSyncError {
  constructor(
    name: string,
    where: string,
    { expected, actual }: Record<'expected' | 'actual', number>,
  ) {
    super(
      `${JSON.stringify(name)} in ${where} is not whole: ${actual} bytes instead of ${expected}.`,
      { code: 'object-incomplete', retryable: true },
    );
  }
}
