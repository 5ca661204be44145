import { type KeyringNode, MultiKeyringNode } from '@aws-crypto/material-management-node';
import { chunkOf, collect } from './byte-reader.ts';
import { type Context, fullContext } from './context.ts';
import { LocksChangedError, UnusableLockError } from './errors.ts';
import { type KeyDescription, type PassphraseKey, keyArnPattern } from './keys.ts';
import type { KmsOptions } from './kms.ts';
import { writeMessage } from './message-writer.ts';
import { derivationContext, newPassphraseLock, openPassphraseLock } from './passphrase.ts';
import { publicKeyLock } from './rsa.ts';

/** How snapshots are locked; any one of them opens it again. */
export interface Locks {
  /** Of 12 characters or more; its Unicode form does not matter. */
  passphrase?: string;
  /** The ARN of a symmetric KMS key; not an alias. */
  kmsKeyArn?: string;
  /**
   * RSA, 2048 bits or more, PEM. Alone, it makes a deployment that cannot read its own snapshots.
   * Who knows it can also write messages that open: it says nothing of who wrote them.
   */
  publicKey?: string;
}

/** Encrypts the parts of one snapshot. */
export interface Encryption {
  /** What the manifest has to say of the keys. */
  readonly keys: KeyDescription[];
  /**
   * One message, bound to its context. It takes from `plain` as it is read itself, holds about two
   * frames of 1 MiB, and fails as `plain` fails. Nothing is asked of KMS until it is read.
   * @throws ContextError where the context cannot be bound
   */
  readonly encrypt: (context: Context, plain: AsyncIterable<Uint8Array>) => AsyncIterable<Buffer>;
  /** The same for what is at hand. */
  readonly encryptBytes: (context: Context, bytes: Uint8Array) => Promise<Buffer>;
}

interface Lock {
  description: KeyDescription;
  keyring: KeyringNode;
}

/**
 * @param previous what an earlier leg of the same snapshot has given as `keys`, so that one
 * description holds for all of it
 * @throws UnusableLockError where there is no lock, or one cannot be used
 * @throws LocksChangedError where the locks are not those of `previous`
 */
export async function createEncryption(
  locks: Locks,
  previous?: readonly KeyDescription[],
  kms?: KmsOptions,
): Promise<Encryption> {
  const all = await openLocks(locks, previous, kms);
  const keys = all.map(({ description }) => description);
  if (previous) refuseChange(previous, keys);
  const keyring = joined(all.map((lock) => lock.keyring));
  const own = ownContext(keys);
  const encrypt: Encryption['encrypt'] = (context, plain) =>
    writeMessage(keyring, fullContext(context, own), plain);
  return {
    keys,
    encrypt,
    encryptBytes: async (context, bytes) => collect(encrypt(context, chunkOf(bytes))),
  };
}

/**
 * An encryption that is still being opened, to be worked with at once: deriving a key from a
 * passphrase takes a third of a second, in which the first blocks are read and compressed. `keys`
 * can be read once something has been encrypted; where opening fails, so does encrypting.
 */
export function encryptionSoon(opening: Promise<Encryption>): Encryption {
  let opened: Encryption | undefined;
  const ready = opening.then((encryption) => (opened = encryption));
  // It is thrown to whoever encrypts; until then nobody listens.
  ready.catch(() => undefined);
  return {
    get keys() {
      if (!opened) throw new Error('The keys of an encryption are known once it has been used.');
      return opened.keys;
    },
    async *encrypt(context, plain) {
      const chunks = plain[Symbol.asyncIterator]();
      const first = chunks.next();
      first.catch(() => undefined);
      try {
        yield* (await ready).encrypt(context, chunksFrom(first, chunks));
      } finally {
        await chunks.return?.();
      }
    },
    encryptBytes: async (context, bytes) => (await ready).encryptBytes(context, bytes),
  };
}

async function* chunksFrom<T>(
  first: Promise<IteratorResult<T>>,
  rest: AsyncIterator<T>,
): AsyncGenerator<T, void, void> {
  for (let next = await first; next.done !== true; next = await rest.next()) yield next.value;
}

/** What the messages of a snapshot with these keys say besides what they are bound to. */
export function ownContext(keys: readonly KeyDescription[]): Context {
  const passphrase = keys.find((key) => key.kind === 'passphrase');
  return passphrase ? derivationContext(passphrase) : {};
}

async function openLocks(
  { passphrase, publicKey, kmsKeyArn }: Locks,
  previous: readonly KeyDescription[] | undefined,
  kms: KmsOptions | undefined,
): Promise<Lock[]> {
  const locks: Lock[] = [];
  if (passphrase !== undefined) locks.push(await passphraseLock(passphrase, previous));
  if (publicKey !== undefined) locks.push(publicKeyLock(publicKey));
  if (kmsKeyArn !== undefined) locks.push(await kmsKeyLock(kmsKeyArn, kms));
  return locks;
}

async function passphraseLock(
  passphrase: string,
  previous: readonly KeyDescription[] | undefined,
): Promise<Lock> {
  const description = previous?.find((key): key is PassphraseKey => key.kind === 'passphrase');
  if (!description) return newPassphraseLock(passphrase);
  const keyring = await openPassphraseLock(passphrase, description);
  if (!keyring) throw new LocksChangedError('The passphrase');
  return { description, keyring };
}

async function kmsKeyLock(keyArn: string, options: KmsOptions | undefined): Promise<Lock> {
  if (!keyArnPattern.test(keyArn)) {
    throw new UnusableLockError(
      `${JSON.stringify(keyArn)} is not the ARN of a KMS key; it has to be like ` +
        'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-… (an alias may change its key)',
    );
  }
  const { kmsLock } = await import('./kms.ts');
  return { description: { kind: 'kms', keyArn }, keyring: kmsLock(keyArn, options).keyring };
}

/** The first makes each data key and the others wrap it too: KMS makes it only where it is alone. */
function joined([generator, ...children]: KeyringNode[]): KeyringNode {
  if (!generator) {
    throw new UnusableLockError(
      'There is nothing to lock the snapshot with: give a passphrase, a KMS key or a public key.',
    );
  }
  return children.length > 0 ? new MultiKeyringNode({ generator, children }) : generator;
}

function refuseChange(previous: readonly KeyDescription[], keys: readonly KeyDescription[]): void {
  const before = new Set(previous.map(identityOf));
  const same = keys.every((key) => before.has(identityOf(key)));
  if (!same || before.size !== keys.length) throw new LocksChangedError('One of the locks');
}

function identityOf(key: KeyDescription): string {
  switch (key.kind) {
    case 'passphrase':
      return key.salt;
    case 'kms':
      return key.keyArn;
    case 'rsa':
      return key.fingerprint;
  }
}
