import { expect, test } from 'vitest';
import {
  encryptionSoon,
  type Encryption,
} from '../../../../functions/shared/snapshot/encryption/encryption.ts';
import { context, givenPassphrasePair, givenPlain, inChunks, release } from './world.ts';

const { encryption, decryption } = await givenPassphrasePair();
const plain = givenPlain(300_000);

/** An encryption that is opened when the test says so, and what is read for it meanwhile. */
function givenOpening(): PromiseWithResolvers<Encryption> & {
  soon: Encryption;
  source: AsyncGenerator<Uint8Array>;
  state: { given: number; closed: boolean };
} {
  const opening = Promise.withResolvers<Encryption>();
  const state = { given: 0, closed: false };
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of inChunks(plain, 100_000)) {
        state.given++;
        yield chunk;
      }
    } finally {
      state.closed = true;
    }
  }
  return { ...opening, soon: encryptionSoon(opening.promise), source: source(), state };
}

test('reads the first chunk while the key is still being derived, and encrypts all of them', async () => {
  const { soon, source, state, resolve } = givenOpening();
  const sealed = release(soon.encrypt(context, source));
  await new Promise(setImmediate);
  expect(state.given).toBe(1);

  resolve(encryption);
  const { plain: message } = await sealed;

  expect((await decryption.decryptBytes(context, message)).equals(plain)).toBe(true);
  expect(soon.keys).toEqual(encryption.keys);
  expect(state.closed).toBe(true);
});

test('says nothing of its keys before it has them', () => {
  const { soon } = givenOpening();

  expect(() => soon.keys).toThrow('once it has been used');
});

test('fails as opening fails, gives nothing, and lets go of what it reads', async () => {
  const { soon, source, state, reject } = givenOpening();
  const sealed = release(soon.encrypt(context, source));

  reject(new Error('no such key'));

  expect(await sealed).toEqual({ plain: Buffer.alloc(0), error: new Error('no such key') });
  expect(state.closed).toBe(true);
  await expect(soon.encryptBytes(context, plain)).rejects.toThrow('no such key');
});

test('fails as reading fails, once it is open', async () => {
  const { soon, resolve } = givenOpening();
  // eslint-disable-next-line @typescript-eslint/require-await, require-yield
  async function* broken(): AsyncGenerator<Uint8Array> {
    throw new Error('broken off');
  }
  resolve(encryption);

  const { error } = await release(soon.encrypt(context, broken()));

  expect(error).toEqual(new Error('broken off'));
});
