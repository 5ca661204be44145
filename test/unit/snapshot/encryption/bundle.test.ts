import { writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';
import { expect, test } from 'vitest';
import { folderOfTest } from '../../../fixtures/temporary-folder.ts';

const source = fileURLToPath(
  new URL('../../../../functions/shared/snapshot/encryption/', import.meta.url),
);

/** What a function does with it, KMS included, which is loaded on demand. */
const program = `
import { createEncryption } from '${source}encryption.ts';
import { createDecryption } from '${source}decryption.ts';
const locks = { passphrase: 'correct horse battery staple' };
const encryption = await createEncryption(locks);
const decryption = await createDecryption(locks, encryption.keys);
const message = await encryption.encryptBytes({ a: 'b' }, Buffer.from('bundled'));
const plain = await decryption.decryptBytes({ a: 'b' }, message);
const kmsKeyArn = 'arn:aws:kms:us-east-1:000000000000:key/1';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const options = { endpoint: 'http://127.0.0.1:9', maxAttempts: 1, credentials };
const { encryptBytes } = await createEncryption({ kmsKeyArn }, undefined, options);
const error = await encryptBytes({}, plain).catch((caught) => caught);
console.log(plain.toString(), error.name);
`;

/** The SDK is CommonJS to Node, and ES modules to a bundler: names may be missing in either. */
const format: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'],
  conditions: ['module', 'import', 'node'],
  minify: true,
  keepNames: true,
  banner: {
    js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
  },
};

test('works bundled as functions are, and as it stands', async () => {
  const folder = folderOfTest('encryption-bundle');
  const plain = join(folder, 'plain.mts');
  await writeFile(plain, program);
  const bundled = join(folder, 'bundled.mjs');
  const stdin = { contents: program, resolveDir: source, loader: 'ts' } as const;
  await build({ ...format, stdin, outfile: bundled });
  for (const file of [plain, bundled]) {
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toBe(
      'bundled KmsKeyError\n',
    );
  }
});
