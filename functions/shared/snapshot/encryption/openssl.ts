import { createDecipheriv, type Decipheriv, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { ByteReader } from './byte-reader.ts';
import { OpensslFormatError } from './errors.ts';

const deriveBytes = promisify(pbkdf2);
const iterations = 100_000;
const pieceLength = 1024 * 1024;

/**
 * The plaintext of what the original plugin wrote with
 * `openssl enc -aes-256-cbc -salt -pbkdf2 -iter 100000`.
 *
 * The format has no authentication: a changed byte can come out as garbage without an error, and
 * what is released is only as good as the archive within. The passphrase is taken as it is.
 *
 * @throws OpensslFormatError where the passphrase is wrong or the file damaged; this format cannot
 * tell which
 */
export async function* decryptOpenssl(
  passphrase: string,
  cipher: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, void, undefined> {
  const reader = new ByteReader(cipher);
  try {
    const decipher = await begin(passphrase, await reader.take(16));
    for (;;) {
      const piece = await reader.take(pieceLength);
      if (piece.length === 0) break;
      const plain = decipher.update(piece);
      if (plain.length > 0) yield plain;
    }
    const rest = finish(decipher);
    if (rest.length > 0) yield rest;
  } finally {
    await reader.close();
  }
}

async function begin(passphrase: string, header: Buffer): Promise<Decipheriv> {
  if (header.length < 16 || header.toString('latin1', 0, 8) !== 'Salted__') {
    throw new OpensslFormatError(
      'This is not a file of "openssl enc -salt": it has to begin with "Salted__" and 8 bytes of salt.',
    );
  }
  const derived = await deriveBytes(passphrase, header.subarray(8), iterations, 48, 'sha256');
  return createDecipheriv('aes-256-cbc', derived.subarray(0, 32), derived.subarray(32));
}

function finish(decipher: Decipheriv): Buffer {
  try {
    return decipher.final();
  } catch (cause) {
    throw new OpensslFormatError(
      'The passphrase is wrong, or the file is damaged or cut off; this format of the original ' +
        'plugin cannot tell which.',
      cause,
    );
  }
}
