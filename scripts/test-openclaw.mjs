/**
 * `npm run test:openclaw`: tries skill, plugin, hook and webhook with the published OpenClaw. It is
 * large, so that it is neither among the packages of the project nor part of `npm test`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { Unprepared, binaries, main, nodePath, root, run, toolEnvironment } from './toolchain.mjs';

const folder = join(root, '.tools', 'openclaw');
const pinned = join(root, 'test', 'openclaw', 'package');

await main(async () => {
  prepare();
  installOpenClaw();
  const config = join('test', 'openclaw', 'vitest.config.ts');
  return run(join(binaries, 'vitest'), ['run', '--config', config, ...process.argv.slice(2)]);
});

/** Each package by the hash in the lock file, and nothing of theirs is run while installing. */
function installOpenClaw() {
  const lock = readFileSync(join(pinned, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex');
  const stamp = join(folder, 'package-lock.sha256');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  console.log('Installing OpenClaw (once, 700 MB) …');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(pinned, folder, { recursive: true });
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const result = npm(args);
  if (result.status !== 0) {
    const said = result.error?.message ?? `${result.stdout}\n${result.stderr}`.trim();
    throw new Unprepared(`${said}\n\nOpenClaw could not be installed.`);
  }
  writeFileSync(stamp, hash);
}

/** The npm that runs this script, with the Node that OpenClaw wants. */
function npm(args) {
  const options = { cwd: folder, env: toolEnvironment(), encoding: 'utf8' };
  const script = process.env.npm_execpath;
  return script
    ? spawnSync(nodePath(), [script, ...args], options)
    : spawnSync('npm', args, options);
}
