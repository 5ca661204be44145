/** The only file that loads the SDK's KMS client: it is imported when a KMS key is in play. */
import { KMS, KmsKeyringNode } from '@aws-crypto/kms-keyring-node';
import type { KeyringNode } from '@aws-crypto/material-management-node';
import { KmsKeyError } from './errors.ts';

/** What the constructor of the SDK's KMS client takes; the region comes from the key's ARN. */
export type KmsOptions = NonNullable<ConstructorParameters<typeof KMS>[0]>;

/** A KMS key made into a keyring. */
export interface KmsLock {
  keyring: KeyringNode;
  /**
   * Why the last call of KMS failed, which the keyring itself only tells as text. Nothing where KMS
   * works, and did not make what it was given.
   */
  takeFailure: () => KmsKeyError | undefined;
}

const throttled = new Set(['ThrottlingException', 'LimitExceededException', 'TooManyRequests']);

/** Wraps and unwraps data keys with one KMS key; its requests show the encryption context. */
export function kmsLock(keyArn: string, options: KmsOptions = {}): KmsLock {
  let failure: KmsKeyError | undefined;
  const client = new KMS({ ...options, region: keyArn.split(':')[3] ?? '' });
  const ask = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      const reason = new KmsKeyError(keyArn, error, isRetryable(error));
      if (!isInvalidCiphertext(error)) failure = reason;
      throw reason;
    }
  };
  // It is a KeyringNode; its types say so by way of an interface.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  const keyring: KeyringNode = new KmsKeyringNode({
    generatorKeyId: keyArn,
    clientProvider: () => ({
      generateDataKey: (request) => ask(async () => known(await client.generateDataKey(request))),
      encrypt: (request) => ask(async () => known(await client.encrypt(request))),
      decrypt: (request) => ask(async () => known(await client.decrypt(request))),
    }),
  });
  const takeFailure = (): KmsKeyError | undefined => {
    const last = failure;
    failure = undefined;
    return last;
  };
  return { keyring, takeFailure };
}

/** The part of an answer that the keyring looks at; it refuses one with something missing. */
function known({ KeyId, Plaintext, CiphertextBlob }: Answer): Known {
  return {
    ...(KeyId !== undefined && { KeyId }),
    ...(Plaintext !== undefined && { Plaintext }),
    ...(CiphertextBlob !== undefined && { CiphertextBlob }),
  };
}

interface Answer {
  KeyId?: string | undefined;
  Plaintext?: Uint8Array | undefined;
  CiphertextBlob?: Uint8Array | undefined;
}

interface Known {
  KeyId?: string;
  Plaintext?: Uint8Array;
  CiphertextBlob?: Uint8Array;
}

function isInvalidCiphertext(error: unknown): boolean {
  return error instanceof Error && error.name === 'InvalidCiphertextException';
}

/** An answer from KMS carries `$fault`; what has none never reached it. */
function isRetryable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (throttled.has(error.name)) return true;
  return '$fault' in error ? error.$fault === 'server' : error.name !== 'CredentialsProviderError';
}
