import { createPrivateKey, generateKeyPairSync, scryptSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  createDecryption,
  type Keys,
} from '../../../../functions/shared/snapshot/encryption/decryption.ts';
import {
  createEncryption,
  type Locks,
} from '../../../../functions/shared/snapshot/encryption/encryption.ts';
import {
  LocksChangedError,
  NoKeyError,
  UnusableLockError,
  WrongKeyError,
} from '../../../../functions/shared/snapshot/encryption/errors.ts';
import {
  type KeyDescription,
  type PassphraseKey,
  keysSchema,
} from '../../../../functions/shared/snapshot/encryption/keys.ts';
import { quickEncryption } from '../../../fixtures/quick-passphrase.ts';
import { context, givenRsaKeys, passphrase } from './world.ts';

const rsa = givenRsaKeys();
const { publicKey, privateKey } = rsa;
const kmsKeyArn = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const locked = await quickEncryption({ passphrase, publicKey });
const message = await locked.encryptBytes(context, Buffer.from('it opens'));
const described = keysSchema.parse(locked.keys);
const passphraseKey = described.find((key): key is PassphraseKey => key.kind === 'passphrase');

async function opened(keys: Keys, from = described): Promise<string> {
  const { decryptBytes } = await createDecryption(keys, from);
  return (await decryptBytes(context, message)).toString();
}

describe('any one of several keys opens it', () => {
  const pkcs8 = createPrivateKey(privateKey).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'of the file',
  });
  test.each<[string, Keys]>([
    ['the passphrase', { passphrase }],
    ['the private key', { privateKey }],
    [
      'a private key with a password',
      { privateKey: String(pkcs8), privateKeyPassword: 'of the file' },
    ],
    ['both', { passphrase, privateKey }],
    ['a wrong passphrase and the private key', { passphrase: 'of something else', privateKey }],
    ['another private key and the passphrase', { passphrase, ...otherPrivateKey() }],
  ])('%s', async (_, keys) => {
    expect(await opened(keys)).toBe('it opens');
  });
});

describe('a key that does not fit', () => {
  test('is a wrong passphrase', async () => {
    const error = await failure(opened({ passphrase: 'some other passphrase' }));
    expect(error).toBeInstanceOf(WrongKeyError);
    expect(String(error)).toContain('The passphrase does not open this snapshot');
    expect(String(error)).not.toContain('some other');
  });

  test('is another private key', async () => {
    await expect(opened(otherPrivateKey())).rejects.toThrow(WrongKeyError);
  });

  test('is none at all, or of another kind', async () => {
    const error = await failure(opened({}));
    expect(error).toBeInstanceOf(NoKeyError);
    expect(String(error)).toMatch(
      /its passphrase, or with the RSA private key .*sha256:.*no key at all/u,
    );
    const kms = described.filter(({ kind }) => kind === 'rsa');
    expect(String(await failure(opened({ passphrase, kms: true }, kms)))).toContain(
      'Given: a passphrase, the use of KMS.',
    );
  });

  test('is a KMS key that is not the one that is trusted', async () => {
    const keys = { kms: kmsKeyArn };
    const forged: KeyDescription[] = [{ kind: 'kms', keyArn: kmsKeyArn.replace(/b$/u, 'c') }];
    await expect(createDecryption(keys, forged)).rejects.toThrow(WrongKeyError);
  });

  test('may be short when decrypting: only the writer chooses', async () => {
    await expect(opened({ passphrase: 'x' })).rejects.toThrow(WrongKeyError);
    await expect(opened({ passphrase: '' })).rejects.toThrow(WrongKeyError);
  });
});

describe('locks that are no good', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  const curve = generateKeyPairSync('ed25519').publicKey;
  const pem = { type: 'spki', format: 'pem' } as const;
  test.each<[string, Locks, RegExp]>([
    ['none', {}, /nothing to lock/u],
    ['an empty passphrase', { passphrase: '' }, /is empty/u],
    ['a short passphrase', { passphrase: 'hunter2hunt' }, /has 11 characters/u],
    ['a short one of long characters', { passphrase: '👩‍🚀'.repeat(3) }, /has 9 characters/u],
    ['a small RSA key', { publicKey: String(weak.export(pem)) }, /with 1024 bits/u],
    ['a key of another kind', { publicKey: String(curve.export(pem)) }, /ed25519/u],
    ['a private key', { publicKey: privateKey }, /holds a private key/u],
    ['no PEM', { publicKey: 'ssh-rsa AAAA' }, /RSA key in PEM/u],
    ['an alias', { kmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:alias/a' }, /alias may change/u],
  ])('%s', async (_, locks, message_) => {
    const error = await failure(createEncryption(locks));
    expect(error).toBeInstanceOf(UnusableLockError);
    expect(String(error)).toMatch(message_);
    expect(String(error)).not.toMatch(/hunter|BEGIN/u);
  });

  test('a wrong password of the private key', async () => {
    const sealed = createPrivateKey(privateKey).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'right',
    });
    const keys = { privateKey: String(sealed), privateKeyPassword: 'not-right' };
    const error = await failure(opened(keys));
    expect(error).toBeInstanceOf(UnusableLockError);
    expect(String(error)).not.toContain('not-right');
  });
});

describe('a later leg of the same snapshot', () => {
  const stored = (): KeyDescription[] => keysSchema.parse(JSON.parse(JSON.stringify(described)));

  test('writes what the description of the first opens', async () => {
    const later = await createEncryption({ passphrase, publicKey }, stored());
    expect(later.keys).toEqual(described);
    const second = await later.encryptBytes(context, Buffer.from('second'));
    const { decryptBytes } = await createDecryption({ passphrase }, described);
    expect(String(await decryptBytes(context, second))).toBe('second');
  });

  test.each<[string, Locks]>([
    ['another passphrase', { passphrase: 'changed in between', publicKey }],
    ['another public key', { passphrase, publicKey: givenRsaKeys().publicKey }],
    ['one lock less', { passphrase }],
    ['one lock more', { passphrase, publicKey, kmsKeyArn }],
  ])('does not go on with %s', async (_, locks) => {
    await expect(createEncryption(locks, stored())).rejects.toThrow(LocksChangedError);
  });
});

describe('the description', () => {
  const good = passphraseKey;
  test('says nothing of the key itself', async () => {
    const { keys } = await createEncryption({ passphrase });
    const fresh = keys.find((key): key is PassphraseKey => key.kind === 'passphrase');
    const { salt = '', N, r, p, check } = fresh ?? {};
    const options = { N, r, p, maxmem: 2 ** 28 };
    const bytes = scryptSync(passphrase, Buffer.from(salt, 'base64'), 48, options);
    expect(check).toBe(bytes.subarray(32).toString('base64'));
    expect(fresh).toEqual({ kind: 'passphrase', kdf: 'scrypt', salt, check, N: 65536, r: 8, p: 2 });
  });

  test.each([
    { N: 2 ** 13 },
    { N: 2 ** 21 },
    { N: 100_000 },
    { N: 2 ** 20, r: 8 },
    { N: 65536.5 },
    { r: 17 },
    { r: 0 },
    { p: 9 },
    { p: 0 },
    { N: '65536' },
    { kdf: 'pbkdf2' },
    { kind: 'password' },
    { salt: 'AAAA' },
    { salt: '' },
    { check: undefined },
    { secret: 'x' },
  ])('with %j is refused, by the schema and by whoever skips it', async (change) => {
    const changed = [{ ...good, ...change }];
    expect(keysSchema.safeParse(changed).success).toBe(false);
    await expect(createDecryption({ passphrase }, changed as KeyDescription[])).rejects.toThrow();
  });

  test.each([
    [[]],
    [[{ kind: 'kms', keyArn: 'alias/x' }]],
    [[{ kind: 'rsa', fingerprint: 'md5:00' }]],
    [{}],
  ])('%j is refused', (value) => {
    expect(keysSchema.safeParse(value).success).toBe(false);
  });
});

function otherPrivateKey(): Keys {
  return { privateKey: givenRsaKeys().privateKey };
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
