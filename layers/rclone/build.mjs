/**
 * Builds the Lambda layer that carries rclone, and finds the rclone of this machine. Everything is
 * synchronous, so that a CDK app can call it while it synthesizes; everything is cached in
 * `.tools`, and a build that was interrupted is done again. Plain JavaScript without dependencies,
 * because it runs before `npm ci`.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireVersion, staticLinuxArchitecture } from './binary.mjs';
import { fetchRclone, sha256 } from './source.mjs';
import { writeZip } from './zip.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const architectures = { arm64: 'arm64', x64: 'x86_64' };
const defaults = {
  tools: fileURLToPath(new URL('../../.tools', import.meta.url)),
  lockFile: join(here, 'rclone.lock.json'),
  env: process.env,
  platform: process.platform,
  // Not the standard output: that may be a caller's JSON.
  log: (line) => console.error(line),
};

/** Lambda's name for the architecture of this machine. */
export function hostArchitecture() {
  const arch = architectures[process.arch];
  if (!arch) throw new Error(`There is no AWS Lambda for the architecture ${process.arch}.`);
  return arch;
}

/** Builds the layer unless it is there, and returns the folder that holds what it holds. */
export function buildLayer(arch, options = {}) {
  return layer(arch, { ...defaults, ...options }).folder;
}

/** Builds the layer unless it is there, and returns the zip file to deploy. */
export function layerZip(arch, options = {}) {
  return layer(arch, { ...defaults, ...options }).zip;
}

/**
 * The path of an rclone that runs here, in `.tools/bin`: `RCLONE_BINARY`, or the layer's own on
 * Linux, or the one on the PATH elsewhere.
 */
export function localRclone(options = {}) {
  const settings = { ...defaults, ...options };
  const link = join(settings.tools, 'bin', 'rclone');
  const target = localTarget(settings, readLock(settings));
  if (!existsSync(link) || realpathSync(link) !== realpathSync(target)) {
    mkdirSync(dirname(link), { recursive: true });
    const fresh = `${link}.${process.pid}`;
    rmSync(fresh, { force: true });
    symlinkSync(target, fresh);
    renameSync(fresh, link);
  }
  return link;
}

function localTarget(settings, lock) {
  const override = overridden(settings, lock);
  if (override) return override;
  if (settings.platform === 'linux') {
    return join(layer(hostArchitecture(), settings).folder, 'bin', 'rclone');
  }
  const found = onPath(settings);
  const advice = 'Install a newer one, or set RCLONE_BINARY to it.';
  if (!found) throw new Error(`No rclone ${lock.minimum} or newer on the PATH. ${advice}`);
  requireVersion(found, lock.minimum, advice);
  return found;
}

/** The rclone on the PATH, apart from the one that this very module has put there. */
function onPath({ env, tools }) {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== join(tools, 'bin'))
    .map((folder) => join(folder, 'rclone'))
    .find((path) => existsSync(path));
}

/** The operator's own rclone, checked, or undefined when none is named. */
function overridden({ env }, lock) {
  const path = env.RCLONE_BINARY;
  if (!path) return undefined;
  if (!existsSync(path)) {
    throw new Error(`RCLONE_BINARY is ${path}, where there is no file. Correct it, or unset it.`);
  }
  const advice = `Set RCLONE_BINARY to a newer one, or unset it to use ${lock.version}.`;
  requireVersion(path, lock.minimum, advice);
  return realpathSync(path);
}

function readLock({ lockFile }) {
  return JSON.parse(readFileSync(lockFile, 'utf8'));
}

function layer(arch, settings) {
  const lock = readLock(settings);
  if (!lock.architectures[arch]) {
    const known = Object.keys(lock.architectures).join(' or ');
    throw new Error(`There is no rclone layer for "${arch}": the architecture is ${known}.`);
  }
  const base = join(settings.tools, 'rclone-layer', `${lock.version}-${arch}`);
  const built = { folder: base, zip: `${base}.zip` };
  const override = suitableOverride(arch, settings, lock);
  const origin = {
    lock: sha256(readFileSync(settings.lockFile)),
    override: override ? sha256(readFileSync(override)) : null,
  };
  if (isBuilt(built, origin)) return built;
  settings.log(`Building the rclone layer for ${arch} (once) …`);
  const { source, binary } = override
    ? { source: override, binary: readFileSync(override) }
    : fetchRclone(lock, arch, settings.fetchers);
  write(built, layerFiles(binary, settings), { ...origin, source });
  return built;
}

/** The operator's own rclone, if Lambda could run it on this architecture. */
function suitableOverride(arch, settings, lock) {
  const path = overridden(settings, lock);
  return path && staticLinuxArchitecture(path) === arch ? path : undefined;
}

const stampFile = (built) => `${built.folder}.json`;

function isBuilt(built, origin) {
  if (![built.folder, built.zip, stampFile(built)].every((path) => existsSync(path))) return false;
  const stamp = JSON.parse(readFileSync(stampFile(built), 'utf8'));
  return stamp.lock === origin.lock && stamp.override === origin.override;
}

function layerFiles(binary, { lockFile }) {
  return [
    { name: 'LICENSE-rclone.txt', data: readFileSync(join(here, 'LICENSE-rclone.txt')) },
    { name: 'bin/rclone', data: binary, mode: 0o755 },
    { name: 'rclone.lock.json', data: readFileSync(lockFile) },
  ];
}

/** Everything beside its place first, then renamed; the stamp, written last, makes it count. */
function write(built, files, stamp) {
  const fresh = `${built.folder}.${process.pid}`;
  rmSync(stampFile(built), { force: true });
  try {
    for (const { name, data, mode = 0o644 } of files) {
      mkdirSync(dirname(join(fresh, name)), { recursive: true });
      writeFileSync(join(fresh, name), data);
      chmodSync(join(fresh, name), mode);
    }
    writeFileSync(`${fresh}.zip`, writeZip(files));
    replaceFolder(fresh, built.folder);
    renameSync(`${fresh}.zip`, built.zip);
  } finally {
    for (const path of [fresh, `${fresh}.zip`]) rmSync(path, { recursive: true, force: true });
  }
  writeFileSync(`${fresh}.json`, `${JSON.stringify(stamp, undefined, 2)}\n`);
  renameSync(`${fresh}.json`, stampFile(built));
}

/** Two processes may build the same layer at once: the folder that comes second is dropped. */
function replaceFolder(fresh, folder) {
  rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(fresh, folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
  }
}
