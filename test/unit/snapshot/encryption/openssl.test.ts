import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { OpensslFormatError } from '../../../../functions/shared/snapshot/encryption/errors.ts';
import { decryptOpenssl } from '../../../../functions/shared/snapshot/encryption/openssl.ts';
import { givenPlain, inChunks, release, type Released } from './world.ts';

const vector = await readFile(
  new URL('../../../fixtures/snapshot-vectors/encryption/openssl.enc', import.meta.url),
);
const passphrase = 'test data only: openssl';
const options = ['enc', '-aes-256-cbc', '-salt', '-pbkdf2', '-iter', '100000', '-pass', 'env:PASS'];

/** What the original plugin ran. */
function sealedByOpenssl(plain: Buffer): Buffer {
  return execFileSync('openssl', options, {
    input: plain,
    env: { ...process.env, PASS: passphrase },
    maxBuffer: 2 ** 24,
  });
}

function opensslIsThere(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function opened(cipher: Uint8Array, chunk = 1000, word = passphrase): Promise<Released> {
  return release(decryptOpenssl(word, inChunks(cipher, chunk)));
}

test.each([1, 7, 16, 100])('opens the vector in chunks of %i', async (chunk) => {
  const { plain, error } = await opened(vector, chunk);
  expect(error).toBeUndefined();
  expect(String(plain)).toBe('The original plugin wrote this.\n');
});

describe.skipIf(!opensslIsThere())('what the real openssl writes', () => {
  test.each([0, 1, 15, 16, 17, 3_000_001])('%i bytes', async (length) => {
    const plain = givenPlain(length);
    const found = await opened(sealedByOpenssl(plain), 65_536);
    expect(found.error).toBeUndefined();
    expect(found.plain.equals(plain)).toBe(true);
  });
});

describe('what does not open', () => {
  // With this format one wrong passphrase in 256 goes unnoticed; this one does not.
  test.each<[string, Buffer, string]>([
    ['a wrong passphrase', vector, 'test data only: wrong'],
    ['a cut block', vector.subarray(0, -1), passphrase],
    ['a cut off last block', vector.subarray(0, -16), passphrase],
    ['nothing after the salt', vector.subarray(0, 16), passphrase],
  ])('%s: no telling which', async (_, cipher, word) => {
    const { error } = await opened(cipher, 1000, word);
    expect(error).toBeInstanceOf(OpensslFormatError);
    expect(String(error)).toMatch(/passphrase is wrong, or the file is damaged .* cannot tell/u);
  });

  test.each([Buffer.alloc(0), vector.subarray(0, 15), vector.subarray(1)])(
    'what does not begin as it has to (%#)',
    async (cipher) => {
      const { error } = await opened(cipher);
      expect(error).toBeInstanceOf(OpensslFormatError);
      expect(String(error)).toContain('Salted__');
    },
  );
});
