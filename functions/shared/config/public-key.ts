import { createPublicKey, type KeyObject } from 'node:crypto';

const leastBits = 2048;

/**
 * Why a text cannot be the public key of snapshots, or `undefined` where it can. Never quotes it: it
 * may be the private half.
 */
export function publicKeyFault(pem: string): string | undefined {
  // Node would derive the public half of a private key without a word.
  if (pem.includes('PRIVATE KEY')) {
    return 'is a private key: keep it where no deployment can read it, and write its public half';
  }
  if (!/-----BEGIN (?:RSA )?PUBLIC KEY-----/.test(pem)) return 'is not the PEM of a public key';
  const key = parsed(pem);
  if (key === undefined) return 'is a PEM that cannot be read';
  if (key.asymmetricKeyType !== 'rsa') return `is a key of type ${key.asymmetricKeyType ?? '?'}`;
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return bits < leastBits ? `is an RSA key of ${bits} bits` : undefined;
}

function parsed(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem);
  } catch {
    return undefined;
  }
}
