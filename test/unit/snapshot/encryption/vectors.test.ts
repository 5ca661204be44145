import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  createDecryption,
  type Keys,
} from '../../../../functions/shared/snapshot/encryption/decryption.ts';
import { keysSchema } from '../../../../functions/shared/snapshot/encryption/keys.ts';
import { givenPlain, inChunks, release } from './world.ts';

const folder = new URL('../../../fixtures/snapshot-vectors/encryption/', import.meta.url);
const schema = z.strictObject({
  passphrase: z.string(),
  context: z.record(z.string(), z.string()),
  vectors: z.array(
    z.strictObject({
      name: z.string(),
      length: z.number(),
      plainSha256: z.string(),
      messageSha256: z.string(),
      keys: keysSchema,
    }),
  ),
});
const { passphrase, context, vectors } = schema.parse(
  JSON.parse(await readFile(new URL('vectors.json', folder), 'utf8')),
);
const privateKey = await readFile(new URL('test-only-private.pem', folder), 'utf8');

const cases = vectors.flatMap((vector) =>
  vector.keys.map(({ kind }) => ({ ...vector, kind, title: `${vector.name} with its ${kind}` })),
);

describe('what was written once stays readable', () => {
  test.each(cases)('$title', async ({ name, kind, keys: described, ...vector }) => {
    const message = await readFile(new URL(`${name}.bin`, folder));
    expect(sha256(message)).toBe(vector.messageSha256);
    const { decrypt } = await createDecryption(keyOf(kind), described);
    const { plain, error } = await release(decrypt(context, inChunks(message, 64 * 1024)));
    expect(error).toBeUndefined();
    expect(plain.equals(givenPlain(vector.length))).toBe(true);
    expect(sha256(plain)).toBe(vector.plainSha256);
  });
});

function keyOf(kind: string): Keys {
  // Decomposed, as it may come from another keyboard.
  return kind === 'rsa' ? { privateKey } : { passphrase: passphrase.normalize('NFD') };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
