import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyringNode } from '@aws-crypto/material-management-node';
import { RawRsaKeyringNode } from '@aws-crypto/raw-rsa-keyring-node';
import { UnusableLockError } from './errors.ts';
import type { RsaKey } from './keys.ts';

const minBits = 2048;

/** An RSA key made into a keyring. */
export interface RsaLock {
  description: RsaKey;
  keyring: KeyringNode;
}

/**
 * Locks with a public key: who has only this cannot read what it writes.
 * @throws UnusableLockError where the PEM is not a public RSA key of 2048 bits or more
 */
export function publicKeyLock(pem: string): RsaLock {
  if (pem.includes('PRIVATE KEY')) {
    throw new UnusableLockError(
      'publicKey holds a private key. Keep that one away from the deployment and give its public ' +
        'half, as from: openssl pkey -in private.pem -pubout',
    );
  }
  const key = parse('publicKey', () => createPublicKey(pem));
  const publicKey = key.export({ type: 'spki', format: 'pem' }).toString();
  return lock(key, { publicKey });
}

/**
 * Opens with the private key.
 * @param password of the PEM, where it has one
 * @throws UnusableLockError where the PEM or its password does not give a private RSA key
 */
export function privateKeyLock(pem: string, password?: string): RsaLock {
  const key = parse('privateKey', () =>
    createPrivateKey(password === undefined ? pem : { key: pem, passphrase: password }),
  );
  const privateKey = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return lock(createPublicKey(key), { privateKey });
}

function lock(key: KeyObject, rsaKey: { publicKey: string } | { privateKey: string }): RsaLock {
  const der = key.export({ type: 'spki', format: 'der' });
  const fingerprint = `sha256:${createHash('sha256').update(der).digest('hex')}`;
  const keyring = new RawRsaKeyringNode({
    keyNamespace: 'workspace-sync',
    keyName: `rsa:${fingerprint}`,
    rsaKey,
    oaepHash: 'sha256',
  });
  return { description: { kind: 'rsa', fingerprint }, keyring };
}

/** OpenSSL's own words are kept as the cause only: they say little, and never what to do. */
function parse(name: string, read: () => KeyObject): KeyObject {
  const key = attempt(name, read);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < minBits) {
    throw new UnusableLockError(
      `${name} is of type ${key.asymmetricKeyType ?? 'unknown'}${bits > 0 ? ` with ${bits} bits` : ''}; ` +
        `it has to be an RSA key of ${minBits} bits or more, ` +
        'as from: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072',
    );
  }
  return key;
}

function attempt(name: string, read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch (cause) {
    throw new UnusableLockError(
      `${name} cannot be read: it has to be an RSA key in PEM, with its password if it has one.`,
      cause,
    );
  }
}
