import { generateKeyPairSync, hash } from 'node:crypto';
import {
  createDecryption,
  type Decryption,
} from '../../../../functions/shared/snapshot/encryption/decryption.ts';
import type { Encryption } from '../../../../functions/shared/snapshot/encryption/encryption.ts';
import { quickEncryption } from '../../../fixtures/quick-passphrase.ts';

export const frameLength = 1024 * 1024;
export const passphrase = 'correct horse battery staple';
export const context = { agent: 'main', snapshot: 'backup-20260101T000000Z', part: 'data' };

/** Of a passphrase, as a later leg of a snapshot has it whose key costs the least that it may. */
export async function givenPassphrasePair(): Promise<{
  encryption: Encryption;
  decryption: Decryption;
}> {
  const encryption = await quickEncryption({ passphrase });
  const decryption = await createDecryption({ passphrase }, encryption.keys);
  return { encryption, decryption };
}

export function givenRsaKeys(modulusLength = 2048): { publicKey: string; privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

/** Bytes that differ from place to place, so that an exchange is seen. */
export function givenPlain(length: number): Buffer {
  const plain = Buffer.alloc(length);
  for (let at = 0, n = 0; at < length; at += 32, n += 1) {
    hash('sha256', `${n}`, 'buffer').copy(plain, at);
  }
  return plain;
}

/** The bytes in chunks of the given sizes, over and over. */
// eslint-disable-next-line @typescript-eslint/require-await
export async function* inChunks(bytes: Uint8Array, ...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const size = sizes[n % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

export interface Released {
  plain: Buffer;
  error: unknown;
}

/** Everything that came out, and how it ended. */
export async function release(source: AsyncIterable<Buffer>): Promise<Released> {
  const chunks: Buffer[] = [];
  let error: unknown;
  try {
    for await (const chunk of source) chunks.push(chunk);
  } catch (caught) {
    error = caught;
  }
  return { plain: Buffer.concat(chunks), error };
}
