import {
  type KeyringNode,
  type NodeDecryptionMaterial,
  NodeDefaultCryptographicMaterialsManager,
} from '@aws-crypto/material-management-node';
import type { HeaderInfo } from '@aws-crypto/serialize';
import { chunkOf, collect } from './byte-reader.ts';
import type { Context } from './context.ts';
import { ownContext } from './encryption.ts';
import { KmsKeyError, NoKeyError, TamperedError, WrongKeyError } from './errors.ts';
import {
  type KeyDescription,
  type KmsKey,
  type PassphraseKey,
  type RsaKey,
  keysSchema,
} from './keys.ts';
import type { KmsOptions } from './kms.ts';
import { readMessage, type Unlock } from './message-reader.ts';
import { openPassphraseLock } from './passphrase.ts';
import { privateKeyLock } from './rsa.ts';
import { suite } from './message-format.ts';

/** What the person who restores has; one that fits is enough. */
export interface Keys {
  passphrase?: string;
  /** RSA, PEM. */
  privateKey?: string;
  /** Of the private key's PEM. */
  privateKeyPassword?: string;
  /**
   * Whether KMS may be asked: `true` for whichever key the manifest names, or the ARN of the one
   * key that is trusted, so that a forged manifest cannot name a forger's.
   */
  kms?: boolean | string;
}

/** Decrypts the parts of one snapshot. */
export interface Decryption {
  /**
   * The plaintext, a verified frame of at most 1 MiB at a time. It is whole only if the iterable
   * ends without an error.
   * @param expected pairs that have to stand in the message's context; it may have more
   * @throws ForeignMessageError before anything is released, where the message is another one
   * @throws TamperedError where a byte differs, is missing or was added
   * @throws KmsKeyError where only KMS could open it, and KMS does not
   */
  readonly decrypt: (expected: Context, cipher: AsyncIterable<Uint8Array>) => AsyncIterable<Buffer>;
  /** The same for what is at hand: all or nothing. */
  readonly decryptBytes: (expected: Context, bytes: Uint8Array) => Promise<Buffer>;
}

/** A keyring, and why it failed last, where it can tell. */
interface Opener {
  keyring: KeyringNode;
  takeFailure?: () => KmsKeyError | undefined;
}

/**
 * @param described the keys that the snapshot's manifest names
 * @throws NoKeyError where none of the keys given is of a kind that the snapshot was locked with
 * @throws WrongKeyError where the only one that is of such a kind is another key
 */
export async function createDecryption(
  keys: Keys,
  described: readonly KeyDescription[],
  kms?: KmsOptions,
): Promise<Decryption> {
  const locks = keysSchema.parse(described);
  const openers = await findOpeners(keys, locks, kms);
  const own = ownContext(locks);
  const decrypt: Decryption['decrypt'] = (expected, cipher) =>
    readMessage(unlockWith(openers), { ...expected, ...own }, cipher);
  return {
    decrypt,
    decryptBytes: async (expected, bytes) => collect(decrypt(expected, chunkOf(bytes))),
  };
}

/** Those that need no network come first. */
async function findOpeners(
  keys: Keys,
  described: readonly KeyDescription[],
  kms: KmsOptions | undefined,
): Promise<Opener[]> {
  const openers: Opener[] = [];
  const wrong: string[] = [];
  for (const kind of ['passphrase', 'rsa', 'kms'] as const) {
    for (const lock of described.filter((key) => key.kind === kind)) {
      const opener = await openerOf(lock, keys, kms);
      if (opener === 'wrong') wrong.push(titles[kind]);
      else if (opener !== 'not-given') openers.push(opener);
    }
  }
  if (openers.length > 0) return openers;
  if (wrong.length > 0) throw new WrongKeyError([...new Set(wrong)].join(' or '));
  throw new NoKeyError(described, kindsOf(keys));
}

const titles = {
  passphrase: 'The passphrase',
  rsa: 'The private key',
  kms: 'The KMS key that is trusted',
};

function openerOf(
  lock: KeyDescription,
  keys: Keys,
  kms: KmsOptions | undefined,
): Promise<Opener | 'wrong' | 'not-given'> {
  switch (lock.kind) {
    case 'passphrase':
      return passphraseOpener(lock, keys);
    case 'rsa':
      return Promise.resolve(rsaOpener(lock, keys));
    case 'kms':
      return kmsOpener(lock, keys, kms);
  }
}

async function passphraseOpener(
  lock: PassphraseKey,
  { passphrase }: Keys,
): Promise<Opener | 'wrong' | 'not-given'> {
  if (passphrase === undefined) return 'not-given';
  const keyring = await openPassphraseLock(passphrase, lock);
  return keyring ? { keyring } : 'wrong';
}

function rsaOpener(
  lock: RsaKey,
  { privateKey, privateKeyPassword }: Keys,
): Opener | 'wrong' | 'not-given' {
  if (privateKey === undefined) return 'not-given';
  const { description, keyring } = privateKeyLock(privateKey, privateKeyPassword);
  return description.fingerprint === lock.fingerprint ? { keyring } : 'wrong';
}

async function kmsOpener(
  { keyArn }: KmsKey,
  { kms: trusted = false }: Keys,
  options: KmsOptions | undefined,
): Promise<Opener | 'wrong' | 'not-given'> {
  if (trusted === false) return 'not-given';
  if (trusted !== true && trusted !== keyArn) return 'wrong';
  const { kmsLock } = await import('./kms.ts');
  return kmsLock(keyArn, options);
}

function kindsOf({ passphrase, privateKey, kms }: Keys): string[] {
  return [
    ...(passphrase === undefined ? [] : ['a passphrase']),
    ...(privateKey === undefined ? [] : ['an RSA private key']),
    ...(kms === undefined || kms === false ? [] : ['the use of KMS']),
  ];
}

/**
 * Each key that was found to fit is tried on its own: a failure of KMS must not hide behind the
 * words of another keyring. That a key fits is known beforehand, so that a data key which it does
 * not open was changed.
 */
function unlockWith(openers: readonly Opener[]): Unlock {
  return async (header) => {
    const failures: unknown[] = [];
    for (const { keyring, takeFailure } of openers) {
      try {
        return await openDataKey(keyring, header);
      } catch (error) {
        failures.push(takeFailure?.() ?? error);
      }
    }
    const kms = failures.find((failure) => failure instanceof KmsKeyError);
    if (kms) throw kms;
    throw new TamperedError('the data key in its header does not open', failures[0]);
  };
}

function openDataKey(
  keyring: KeyringNode,
  { encryptionContext, encryptedDataKeys }: HeaderInfo['messageHeader'],
): Promise<NodeDecryptionMaterial> {
  const manager = new NodeDefaultCryptographicMaterialsManager(keyring);
  return manager.decryptMaterials({ suite, encryptionContext, encryptedDataKeys });
}
