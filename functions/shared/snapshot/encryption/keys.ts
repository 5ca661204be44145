import * as z from 'zod';

/** How a passphrase becomes the key that wraps each message's data key. */
export interface PassphraseKey {
  kind: 'passphrase';
  kdf: 'scrypt';
  /** 16 random bytes in base64, new for each snapshot. */
  salt: string;
  N: number;
  r: number;
  p: number;
  /**
   * Bytes 33 to 48 of what scrypt gives, in base64; the first 32 are the key, and say nothing of
   * these. They tell a wrong passphrase from a damaged message.
   */
  check: string;
}

export interface KmsKey {
  kind: 'kms';
  keyArn: string;
}

export interface RsaKey {
  kind: 'rsa';
  /** `sha256:` and the hash, in hexadecimal, of the public key as DER (SubjectPublicKeyInfo). */
  fingerprint: string;
}

/** What a snapshot's manifest says of a key that opens it: nothing secret. */
export type KeyDescription = PassphraseKey | KmsKey | RsaKey;

/** An ARN of a key: an alias may point to another key tomorrow. */
export const keyArnPattern = /^arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/u;

/** scrypt holds 128 · N · r bytes; a manifest that was tampered with must not exhaust a Lambda. */
const maxScryptMemory = 256 * 1024 * 1024;
const sixteenBytes = z
  .string()
  .regex(/^[A-Za-z0-9+/]{21}[AQgw]==$/u, 'has to be 16 bytes in base64');

const passphraseSchema = z
  .strictObject({
    kind: z.literal('passphrase'),
    kdf: z.literal('scrypt'),
    salt: sixteenBytes,
    N: z
      .int()
      .min(2 ** 14)
      .max(2 ** 20)
      .refine((N) => Number.isInteger(Math.log2(N)), 'has to be a power of two'),
    r: z.int().min(8).max(16),
    p: z.int().min(1).max(8),
    check: sixteenBytes,
  })
  .refine(({ N, r }) => 128 * N * r <= maxScryptMemory, 'scrypt may take 256 MiB at most');

const kmsSchema = z.strictObject({
  kind: z.literal('kms'),
  keyArn: z.string().regex(keyArnPattern, 'has to be the ARN of a KMS key'),
});

const rsaSchema = z.strictObject({
  kind: z.literal('rsa'),
  fingerprint: z.string().regex(/^sha256:[0-9a-f]{64}$/u),
});

/** The keys of a manifest as they are read back, within bounds that a small Lambda can bear. */
export const keysSchema: z.ZodType<KeyDescription[]> = z
  .array(z.discriminatedUnion('kind', [passphraseSchema, kmsSchema, rsaSchema]))
  .min(1)
  .max(8);
