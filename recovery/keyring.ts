import { readFile } from 'node:fs/promises';
import type { Keys } from '../functions/shared/snapshot/encryption/decryption.ts';
import { NoKeyError } from '../functions/shared/snapshot/encryption/errors.ts';
import type { KeyDescription } from '../functions/shared/snapshot/encryption/keys.ts';
import type { KeyFiles } from './arguments.ts';
import { KeyError } from './errors.ts';
import { remark } from './output.ts';
import { askHidden, readStandardInput } from './terminal.ts';

/** What the person has; each secret is asked for once, when something first needs it. */
export class Keyring {
  readonly #files: KeyFiles;
  #passphrase: Promise<string> | undefined;
  #privateKey: Promise<Keys> | undefined;
  #standardInputRead = false;

  constructor(files: KeyFiles) {
    this.#files = files;
  }

  /**
   * Whoever names a key expects it to be needed: a snapshot that opens without one may have been put
   * in the place of theirs.
   * @throws KeyError where a key was named
   */
  expectNone(id: string): void {
    const { passphraseFile, privateKeyFile } = this.#files;
    if (passphraseFile === undefined && privateKeyFile === undefined) return;
    throw new KeyError(
      `Snapshot ${id} is not encrypted, though a key was given: anybody who could write here may have made it. If you know it, leave the key out of the command.`,
    );
  }

  /**
   * What is to open a snapshot that was locked so.
   * @throws KeyError, and NoKeyError where it does not open with anything that the kit can use
   */
  async keysFor(locks: readonly KeyDescription[]): Promise<Keys> {
    const kinds = new Set(locks.map(({ kind }) => kind));
    const rsa = kinds.has('rsa') ? await this.#privateKeys() : {};
    // With the private key at hand nobody is asked for a passphrase too.
    const asked = kinds.has('passphrase') && rsa.privateKey === undefined;
    const named = kinds.has('passphrase') && this.#files.passphraseFile !== undefined;
    const passphrase = asked || named ? await this.passphrase() : undefined;
    if (rsa.privateKey === undefined && passphrase === undefined) throw nothingFits(locks);
    return { ...rsa, ...(passphrase === undefined ? {} : { passphrase }) };
  }

  /** @throws KeyError */
  passphrase(): Promise<string> {
    this.#passphrase ??= this.#readPassphrase();
    return this.#passphrase;
  }

  async #readPassphrase(): Promise<string> {
    const { passphraseFile } = this.#files;
    const text =
      passphraseFile === undefined
        ? await this.#ask('Passphrase of the snapshots')
        : textOf(await this.#read(passphraseFile, 'passphrase'), 'The passphrase');
    if (text !== '') return text;
    throw new KeyError(
      'The passphrase is empty. Type it when it is asked for, or give it with --passphrase-file FILE or on standard input.',
    );
  }

  #privateKeys(): Promise<Keys> {
    this.#privateKey ??= this.#readPrivateKey();
    return this.#privateKey;
  }

  async #readPrivateKey(): Promise<Keys> {
    const { privateKeyFile } = this.#files;
    if (privateKeyFile === undefined) return {};
    const privateKey = (await this.#read(privateKeyFile, 'private key')).toString('latin1');
    if (!privateKey.includes('ENCRYPTED')) return { privateKey };
    return { privateKey, privateKeyPassword: await this.#ask('Pass phrase of the private key') };
  }

  async #ask(what: string): Promise<string> {
    if (process.stdin.isTTY) return askHidden(what);
    remark(`${what}: reading it from standard input.`);
    return textOf(await this.#standardInput(), what);
  }

  async #read(file: string, what: string): Promise<Buffer> {
    if (file === '-') return this.#standardInput();
    return readFile(file).catch((cause: unknown) => {
      throw new KeyError(
        `The file ${JSON.stringify(file)}, which has to hold the ${what}, cannot be read.`,
        cause,
      );
    });
  }

  #standardInput(): Promise<Buffer> {
    if (this.#standardInputRead) {
      throw new KeyError(
        'Standard input can hold one secret, and two are needed: put one of them into a file, or run this on a terminal.',
      );
    }
    this.#standardInputRead = true;
    return readStandardInput();
  }
}

/** Editors end a line that nobody typed, and some of them mark a text as Unicode. */
function textOf(bytes: Buffer, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch (cause) {
    throw new KeyError(`${what} is not text in UTF-8; save it as that.`, cause);
  }
}

function nothingFits(locks: readonly KeyDescription[]): KeyError {
  const { message } = new NoKeyError(locks, []);
  const advice = locks.some(({ kind }) => kind === 'rsa')
    ? 'Give the private key with --private-key FILE.'
    : 'The recovery kit does not ask KMS: restore it with the deployment, in the account that has the key.';
  return new KeyError(`${message} ${advice}`);
}
