/**
 * Turns one segment of an encrypted snapshot into a piece of its tar archive on standard output, with
 * published libraries alone and nothing of this project: proof that nobody depends on our code.
 *
 *   npm install @aws-crypto/decrypt-node @aws-crypto/raw-aes-keyring-node
 *   node decrypt-snapshot.mjs backup-ID.manifest.json backup-ID.1-00001.tar.zst.enc < passphrase.txt | tar -t
 *
 * A snapshot of several segments is one archive: run it for each in the order of the manifest, and
 * give all the output to one tar. It ends with an error where a byte was changed; what it has written
 * until then is authentic. It does not check that the segment belongs where its name says.
 * @see docs/snapshot-format.md
 */
import { scryptSync } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { buildDecrypt } from '@aws-crypto/decrypt-node';
import { RawAesKeyringNode, RawAesWrappingSuiteIdentifier } from '@aws-crypto/raw-aes-keyring-node';

const [manifestFile, segmentFile] = process.argv.slice(2);
const { keys } = JSON.parse(readFileSync(manifestFile, 'utf8')).body.encryption;
const { salt, N, r, p } = keys.find(({ kind }) => kind === 'passphrase');
const passphrase = readFileSync(0, 'utf8')
  .replace(/\r?\n$/, '')
  .normalize('NFC');
const limits = { N, r, p, maxmem: 128 * r * (N + p) + 2 ** 20 };
const derived = scryptSync(passphrase, Buffer.from(salt, 'base64'), 48, limits);
const keyring = new RawAesKeyringNode({
  keyNamespace: 'workspace-sync',
  keyName: 'passphrase',
  unencryptedMasterKey: new Uint8Array(derived.subarray(0, 32)),
  wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  utf8Sorting: true,
});
const decrypted = buildDecrypt().decryptUnsignedMessageStream(keyring);
await pipeline(createReadStream(segmentFile), decrypted, createZstdDecompress(), process.stdout);
