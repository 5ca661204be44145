import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyringNode } from '@aws-crypto/material-management-node';
import { RawAesKeyringNode, RawAesWrappingSuiteIdentifier } from '@aws-crypto/raw-aes-keyring-node';
import { UnusableLockError } from './errors.ts';
import type { PassphraseKey } from './keys.ts';

const deriveBytes: (
  password: string,
  salt: Buffer,
  length: number,
  options: { N: number; r: number; p: number; maxmem: number },
) => Promise<Buffer> = promisify(scrypt);

/**
 * 64 MiB and about a third of a second per snapshot, in a Lambda that has a gigabyte. OWASP counts
 * it as the equal of N = 2^17 with p = 1, which would take twice the memory.
 */
const cost = { N: 2 ** 16, r: 8, p: 2 };

const minLength = 12;

/** A passphrase made into a key. */
export interface PassphraseLock {
  description: PassphraseKey;
  keyring: KeyringNode;
}

/**
 * Locks a new snapshot.
 * @throws UnusableLockError where the passphrase is empty or short
 */
export async function newPassphraseLock(passphrase: string): Promise<PassphraseLock> {
  refuseWeak(passphrase);
  const salt = randomBytes(16).toString('base64');
  const parameters = { kind: 'passphrase', kdf: 'scrypt', salt, ...cost } as const;
  const { key, check } = await derive(passphrase, parameters);
  return { description: { ...parameters, check }, keyring: keyringOf(key) };
}

/** The keyring of a passphrase, or nothing where the description is of another passphrase. */
export async function openPassphraseLock(
  passphrase: string,
  description: PassphraseKey,
): Promise<KeyringNode | undefined> {
  const { key, check } = await derive(passphrase, description);
  const same = timingSafeEqual(Buffer.from(check), Buffer.from(description.check));
  return same ? keyringOf(key) : undefined;
}

/** What every message says of how its key came to be, so that the manifest cannot say otherwise. */
export function derivationContext(description: PassphraseKey): Record<string, string> {
  const { kdf, salt, N, r, p } = description;
  return { kdf, 'kdf-salt': salt, 'kdf-n': `${N}`, 'kdf-r': `${r}`, 'kdf-p': `${p}` };
}

async function derive(
  passphrase: string,
  { salt, N, r, p }: Omit<PassphraseKey, 'check'>,
): Promise<{ key: Buffer; check: string }> {
  // The same text typed on another machine may arrive composed another way.
  const text = passphrase.normalize('NFC');
  const maxmem = 128 * (N * r + p * r) + 1024 * 1024;
  const bytes = await deriveBytes(text, Buffer.from(salt, 'base64'), 48, { N, r, p, maxmem });
  return { key: bytes.subarray(0, 32), check: bytes.subarray(32).toString('base64') };
}

/** Namespace and name are part of the format: they are how a message says which key opens it. */
function keyringOf(key: Buffer): KeyringNode {
  return new RawAesKeyringNode({
    keyNamespace: 'workspace-sync',
    keyName: 'passphrase',
    // The keyring wants an isolated buffer, not a view of a larger one.
    unencryptedMasterKey: new Uint8Array(key),
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
    utf8Sorting: true,
  });
}

function refuseWeak(passphrase: string): void {
  const length = Array.from(passphrase.normalize('NFC')).length;
  if (length >= minLength) return;
  throw new UnusableLockError(
    `The passphrase of the snapshots ${length === 0 ? 'is empty' : `has ${length} characters`}; ` +
      `it has to have ${minLength} or more, as from: openssl rand -base64 24`,
  );
}
