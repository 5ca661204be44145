/**
 * Makes a fresh clone ready: npm's packages, the local AWS emulator and rclone. Each is done once and
 * counts only when it is complete, so that an interrupted run is repaired by the next. Needs Node 20,
 * Python 3.10 and nothing else; plain JavaScript, because it runs before `npm ci`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildLayer, hostArchitecture, localRclone } from '../layers/rclone/build.mjs';
import { Unprepared, main, nodePath, root } from './toolchain.mjs';

const oldestPython = [3, 10];

export function prepare() {
  requireNode(20);
  installPackages();
  nodePath();
  installEmulator();
  installRclone();
}

function requireNode(oldest) {
  if (Number(process.versions.node.split('.')[0]) >= oldest) return;
  throw new Unprepared(
    `Node ${oldest} or newer is needed to begin with; this is ${process.version}.`,
  );
}

/** npm writes `node_modules/.package-lock.json` last: what it lists is installed. */
function installPackages() {
  if (packagesMatch()) return;
  console.log("Installing npm's packages (once) …");
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const result = npm
    ? spawnSync(process.env.npm_node_execpath ?? process.execPath, [npm, ...args], quiet())
    : spawnSync('npm', args, quiet());
  expectSuccess(result, 'npm ci', 'It needs the npm registry within reach.');
}

function packagesMatch() {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  const locked = readPackages(join(root, 'package-lock.json'));
  const same = (path) => installed[path]?.integrity === locked[path]?.integrity;
  const left = Object.keys(locked).filter((path) => !installed[path] && path !== '');
  return Object.keys(installed).every(same) && left.every((path) => locked[path].optional);
}

function readPackages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {};
}

function installEmulator() {
  const folder = join(root, '.tools', 'emulator');
  const requirements = join(root, 'local', 'requirements.txt');
  const stamp = join(folder, 'requirements.sha256');
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const python = join(folder, 'bin', 'python');
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  console.log('Installing the local AWS emulator (once) …');
  requirePython();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(root, '.tools'), { recursive: true });
  makeVirtualEnvironment(folder);
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const result = spawnSync(python, [...args, '--require-hashes', '-r', requirements], quiet());
  expectSuccess(result, 'pip install', 'It needs the Python package index within reach.');
  writeFileSync(stamp, hash);
}

function requirePython() {
  const found = spawnSync('python3', ['-c', 'import sys; print(*sys.version_info[:2])'], quiet());
  const oldest = oldestPython.join('.');
  if (found.error)
    throw new Unprepared(`Python ${oldest} or newer is needed: no python3 was found.`);
  const [major, minor] = String(found.stdout).trim().split(' ').map(Number);
  if (major > oldestPython[0] || (major === oldestPython[0] && minor >= oldestPython[1])) return;
  throw new Unprepared(
    `Python ${oldest} or newer is needed; python3 is ${major}.${minor}. ` +
      'Install a newer one and put it first on the PATH as python3.',
  );
}

function makeVirtualEnvironment(folder) {
  const result = spawnSync('python3', ['-m', 'venv', folder], quiet());
  const advice =
    "Python's venv module with pip is needed: on Debian and Ubuntu it is in the package python3-venv.";
  expectSuccess(result, 'python3 -m venv', advice);
}

function installRclone() {
  try {
    buildLayer(hostArchitecture());
    localRclone();
  } catch (error) {
    throw new Unprepared(error.message, { cause: error });
  }
}

const quiet = () => ({ cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

function expectSuccess(result, what, advice) {
  if (result.status === 0) return;
  const said = result.error?.message ?? `${result.stdout}\n${result.stderr}`;
  // npm and pip name the problem first; what follows is usage.
  const lines = said.trim().split('\n').slice(0, 20);
  throw new Unprepared(`${lines.join('\n')}\n\n${what} failed. ${advice}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(() => {
    prepare();
    return 0;
  });
}
