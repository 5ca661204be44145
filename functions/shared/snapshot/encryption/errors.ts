import { WorkspaceSyncError } from '../../errors.ts';
import type { KeyDescription } from './keys.ts';

/** A lock of the configuration cannot be used. What was given is never quoted: it may be a secret. */
export class UnusableLockError extends WorkspaceSyncError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'snapshot-lock-unusable', retryable: false, cause });
  }
}

/** A snapshot that was begun with some locks would go on with others: no one key would open it. */
export class LocksChangedError extends WorkspaceSyncError {
  constructor(what: string) {
    super(
      `${what} is not the one with which this snapshot was begun. ` +
        'Start a new snapshot, or give back the former one until this snapshot is done.',
      { code: 'snapshot-locks-changed', retryable: false },
    );
  }
}

/** What a caller wants to bind to a message cannot stand in its encryption context. */
export class ContextError extends WorkspaceSyncError {
  constructor(field: string, problem: string) {
    super(`The encryption context's ${JSON.stringify(field)} ${problem}.`, {
      code: 'snapshot-context-invalid',
      retryable: false,
    });
  }
}

/** None of the keys given belongs to a lock of the snapshot. */
export class NoKeyError extends WorkspaceSyncError {
  constructor(described: readonly KeyDescription[], given: readonly string[]) {
    super(
      `This snapshot opens with ${described.map(nameOf).join(', or with ')}. ` +
        `Given: ${given.length > 0 ? given.join(', ') : 'no key at all'}.`,
      { code: 'snapshot-no-key', retryable: false },
    );
  }
}

/** The key is of the right kind, and another one than the snapshot was locked with. */
export class WrongKeyError extends WorkspaceSyncError {
  constructor(key: string) {
    super(`${key} does not open this snapshot: it was locked with another one.`, {
      code: 'snapshot-wrong-key',
      retryable: false,
    });
  }
}

/** The message is whole, and belongs to something else than what was asked for. */
export class ForeignMessageError extends WorkspaceSyncError {
  readonly field: string;
  readonly expected: string;
  readonly found: string | undefined;

  constructor(field: string, expected: string, found: string | undefined) {
    super(
      `This encrypted object belongs elsewhere: its ${JSON.stringify(field)} has to be ` +
        `${JSON.stringify(expected)} and is ${found === undefined ? 'missing' : JSON.stringify(found)}. ` +
        'It may have been renamed or exchanged.',
      { code: 'snapshot-foreign-message', retryable: false },
    );
    this.field = field;
    this.expected = expected;
    this.found = found;
  }
}

/** The message is not, byte for byte, what was encrypted. */
export class TamperedError extends WorkspaceSyncError {
  constructor(problem: string, cause?: unknown) {
    super(
      `This encrypted object is damaged or was tampered with: ${problem}. ` +
        'Nothing after the last verified frame was released.',
      { code: 'snapshot-tampered', retryable: false, cause },
    );
  }
}

/** KMS refused, or did not answer. */
export class KmsKeyError extends WorkspaceSyncError {
  constructor(keyArn: string, cause: unknown, retryable: boolean) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    super(`The KMS key ${keyArn} cannot be used: ${why}`, {
      code: 'snapshot-kms-key',
      retryable,
      cause,
    });
  }
}

/** A snapshot of the original plugin does not open; its format cannot say why. */
export class OpensslFormatError extends WorkspaceSyncError {
  constructor(problem: string, cause?: unknown) {
    super(problem, { code: 'snapshot-openssl-unreadable', retryable: false, cause });
  }
}

function nameOf(key: KeyDescription): string {
  switch (key.kind) {
    case 'passphrase':
      return 'its passphrase';
    case 'kms':
      return `the KMS key ${key.keyArn}`;
    case 'rsa':
      return `the RSA private key whose public half is ${key.fingerprint}`;
  }
}
