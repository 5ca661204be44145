import { buildDecrypt } from '@aws-crypto/decrypt-node';
import { buildEncrypt } from '@aws-crypto/encrypt-node';
import { RawRsaKeyringNode } from '@aws-crypto/raw-rsa-keyring-node';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDecryption } from '../../../../functions/shared/snapshot/encryption/decryption.ts';
import { createEncryption } from '../../../../functions/shared/snapshot/encryption/encryption.ts';
import { ContextError } from '../../../../functions/shared/snapshot/encryption/errors.ts';
import { suiteId } from '../../../../functions/shared/snapshot/encryption/message-format.ts';
import {
  context,
  frameLength,
  givenPassphrasePair,
  givenPlain,
  givenRsaKeys,
  inChunks,
  release,
} from './world.ts';

const { encryption, decryption } = await givenPassphrasePair();
const most = givenPlain(3 * frameLength + 5);

describe('what was encrypted comes back', () => {
  test.each([0, 1, frameLength - 1, frameLength, frameLength + 1, 3 * frameLength + 5])(
    '%i bytes',
    async (length) => {
      const plain = most.subarray(0, length);
      const message = await encryption.encryptBytes(context, plain);
      const { plain: found, error } = await release(
        decryption.decrypt(context, inChunks(message, 100_000)),
      );
      expect(error).toBeUndefined();
      expect(found.equals(plain)).toBe(true);
    },
  );

  test('however it is cut into chunks on the way', async () => {
    const size = fc.integer({ min: 1, max: 2 * frameLength });
    const length = fc.integer({ min: 0, max: 2 * frameLength + 100 });
    await fc.assert(
      fc.asyncProperty(length, fc.array(size, { minLength: 1 }), size, async (n, sizes, back) => {
        const plain = most.subarray(0, n);
        const { plain: message } = await release(
          encryption.encrypt(context, inChunks(plain, ...sizes)),
        );
        const found = await release(decryption.decrypt(context, inChunks(message, back)));
        expect(found.error).toBeUndefined();
        expect(found.plain.equals(plain)).toBe(true);
      }),
      { numRuns: 12 },
    );
  });

  test('a byte at a time, in time that grows with the length alone', async () => {
    const plain = most.subarray(0, frameLength + 1);
    const { plain: message } = await release(encryption.encrypt(context, inChunks(plain, 1)));
    const found = await release(decryption.decrypt(context, inChunks(message, 1)));
    expect(found.plain.equals(plain)).toBe(true);
  });

  test('a chunk is at most a frame', async () => {
    const message = await encryption.encryptBytes(context, most);
    for await (const chunk of decryption.decrypt(context, inChunks(message, message.length))) {
      expect(chunk.length).toBeLessThanOrEqual(frameLength);
    }
  });

  test('with names and values of any script, and empty values', async () => {
    const wide = { größe: '', 名前: 'a=b\n☃', '\u{1F600}': 'x', '\uFF5E': 'y' };
    const message = await encryption.encryptBytes(wide, Buffer.from('x'));
    expect(String(await decryption.decryptBytes(wide, message))).toBe('x');
  });
});

test('two messages never share a key, an id or a byte of ciphertext', async () => {
  const [a, b] = await Promise.all([1, 2].map(() => encryption.encryptBytes(context, most)));
  expect(a?.subarray(3, 35)).not.toEqual(b?.subarray(3, 35));
  expect(a?.subarray(-64)).not.toEqual(b?.subarray(-64));
});

test.each([
  ['kdf', 'x'],
  ['kdf-salt', 'x'],
  ['aws-crypto-public-key', 'x'],
  ['', 'x'],
  ['name', '\uD800'],
])('a context cannot have the pair %j: %j', async (name, value) => {
  await expect(encryption.encryptBytes({ [name]: value }, Buffer.alloc(1))).rejects.toThrow(
    ContextError,
  );
});

describe("the SDK's own client", () => {
  const keys = givenRsaKeys();
  const lengths = [0, 1, frameLength, 2 * frameLength + 7];

  test.each(lengths)('reads our message of %i bytes', async (length) => {
    const { encryptBytes, keys: described } = await createEncryption({ publicKey: keys.publicKey });
    const message = await encryptBytes(context, most.subarray(0, length));
    const { decrypt } = buildDecrypt({ maxEncryptedDataKeys: 1 });
    const { plaintext, messageHeader } = await decrypt(keyring(described), message);
    expect(plaintext.equals(most.subarray(0, length))).toBe(true);
    expect(messageHeader).toMatchObject({ suiteId, frameLength, encryptionContext: context });
  });

  test.each(lengths)('writes a message of %i bytes that we read', async (length) => {
    const { keys: described } = await createEncryption({ publicKey: keys.publicKey });
    const options = { suiteId, frameLength, encryptionContext: context };
    const plain = most.subarray(0, length);
    const { result } = await buildEncrypt().encrypt(keyring(described), plain, options);
    const { decryptBytes } = await createDecryption(keys, described);
    expect((await decryptBytes(context, result)).equals(plain)).toBe(true);
  });

  function keyring([key]: { kind: string }[]): RawRsaKeyringNode {
    const fingerprint = key && 'fingerprint' in key ? String(key.fingerprint) : '';
    return new RawRsaKeyringNode({
      keyNamespace: 'workspace-sync',
      keyName: `rsa:${fingerprint}`,
      rsaKey: keys,
      oaepHash: 'sha256',
    });
  }
});
