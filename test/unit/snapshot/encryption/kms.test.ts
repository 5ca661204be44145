import { KMS } from '@aws-crypto/kms-keyring-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDecryption } from '../../../../functions/shared/snapshot/encryption/decryption.ts';
import { createEncryption } from '../../../../functions/shared/snapshot/encryption/encryption.ts';
import {
  KmsKeyError,
  TamperedError,
} from '../../../../functions/shared/snapshot/encryption/errors.ts';
import type { KmsOptions } from '../../../../functions/shared/snapshot/encryption/kms.ts';
import { type Emulator, startEmulator } from '../../../../local/emulator.ts';
import { context, givenRsaKeys, passphrase } from './world.ts';

const plain = Buffer.from('what KMS keeps');
const rsa = givenRsaKeys();
let emulator: Emulator;
let kmsKeyArn: string;

beforeAll(async () => {
  emulator = await startEmulator();
  kmsKeyArn = await givenKey();
}, 90_000);

afterAll(async () => {
  await emulator.stop();
}, 30_000);

async function givenKey(): Promise<string> {
  const { KeyMetadata } = await new KMS(emulator.client).createKey({});
  return KeyMetadata?.Arn ?? '';
}

/** As after a whole night without network. */
function unreachable(): KmsOptions {
  return { ...emulator.client, endpoint: 'http://127.0.0.1:9', maxAttempts: 1 };
}

test('a KMS key alone locks and opens', async () => {
  const { keys, encryptBytes } = await createEncryption({ kmsKeyArn }, undefined, emulator.client);
  expect(keys).toEqual([{ kind: 'kms', keyArn: kmsKeyArn }]);
  const message = await encryptBytes(context, plain);
  for (const kms of [true, kmsKeyArn]) {
    const { decryptBytes } = await createDecryption({ kms }, keys, emulator.client);
    expect(String(await decryptBytes(context, message))).toBe(String(plain));
  }
});

describe('a KMS key among others', () => {
  test('opens, and so do they without KMS', async () => {
    const locks = { passphrase, kmsKeyArn, publicKey: rsa.publicKey };
    const { keys, encryptBytes } = await createEncryption(locks, undefined, emulator.client);
    const message = await encryptBytes(context, plain);
    const ways = [{ kms: true }, { passphrase }, { privateKey: rsa.privateKey }];
    for (const way of ways) {
      const options = 'kms' in way ? emulator.client : unreachable();
      const { decryptBytes } = await createDecryption(way, keys, options);
      expect(String(await decryptBytes(context, message))).toBe(String(plain));
    }
  });

  test('is not asked where a passphrase will do', async () => {
    const locks = { passphrase, kmsKeyArn };
    const { keys, encryptBytes } = await createEncryption(locks, undefined, emulator.client);
    const message = await encryptBytes(context, plain);
    const { decryptBytes } = await createDecryption({ passphrase, kms: true }, keys, unreachable());
    expect(String(await decryptBytes(context, message))).toBe(String(plain));
  });
});

describe('a failure of KMS is told as such', () => {
  test('when there is no such key', async () => {
    const gone = kmsKeyArn.replace(/.{12}$/u, '000000000000');
    const { encryptBytes } = await createEncryption(
      { kmsKeyArn: gone },
      undefined,
      emulator.client,
    );
    const error = await failure(encryptBytes(context, plain));
    expect(error).toBeInstanceOf(KmsKeyError);
    expect(error).toMatchObject({ retryable: false });
    expect(String(error)).toMatch(/000000000000 cannot be used: NotFoundException/u);
  });

  test('when the key is switched off', async () => {
    const off = await givenKey();
    const { keys, encryptBytes } = await createEncryption(
      { kmsKeyArn: off },
      undefined,
      emulator.client,
    );
    const message = await encryptBytes(context, plain);
    await new KMS(emulator.client).disableKey({ KeyId: off });
    const { decryptBytes } = await createDecryption({ kms: true }, keys, emulator.client);
    const error = await failure(decryptBytes(context, message));
    expect(error).toBeInstanceOf(KmsKeyError);
    expect(error).toMatchObject({ retryable: false });
    expect(String(error)).toContain('DisabledException');
  });

  test('when it does not answer, which may pass', async () => {
    const { keys, encryptBytes } = await createEncryption(
      { kmsKeyArn },
      undefined,
      emulator.client,
    );
    const message = await encryptBytes(context, plain);
    const { decryptBytes } = await createDecryption({ kms: true }, keys, unreachable());
    expect(await failure(decryptBytes(context, message))).toMatchObject({
      name: 'KmsKeyError',
      retryable: true,
    });
  });

  test('and is not what a damaged message is', async () => {
    const { keys, encryptBytes } = await createEncryption(
      { kmsKeyArn },
      undefined,
      emulator.client,
    );
    const message = await encryptBytes({ note: 'in the header' }, plain);
    const { decryptBytes } = await createDecryption({ kms: true }, keys, emulator.client);
    const at = message.indexOf('in the header');
    message.write('In', at);
    expect(await failure(decryptBytes({}, message))).toBeInstanceOf(TamperedError);
  });
});

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
