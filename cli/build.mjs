/**
 * The command's bundle: one folder for each state of the sources, so that it is built when they have
 * changed and at no other time. Loading the sources one by one would take longer than the command.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bundles = join(root, 'build', 'cli');
const sources = ['cli', 'functions/shared', 'package-lock.json'];

/** A command that is still running may load more of an older bundle. */
const keptForMs = 24 * 3600 * 1000;

/** Path of the module to import; builds it first where the sources have changed. */
export async function currentBundle() {
  const folder = join(bundles, stateOfSources());
  const main = join(folder, 'main.js');
  if (existsSync(main)) return main;
  await build(folder);
  removeOldBundles(folder);
  return main;
}

function stateOfSources() {
  const hash = createHash('sha256');
  for (const file of sources.flatMap((source) => filesOf(join(root, source)))) {
    const { mtimeMs, size } = statSync(file);
    hash.update(`${relative(root, file)} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Two commands may build at once: each does so beside the place, and one of them wins it. */
async function build(folder) {
  const esbuild = await import('esbuild');
  const beside = `${folder}.${process.pid}`;
  mkdirSync(bundles, { recursive: true });
  await esbuild.build({
    entryPoints: { main: join(root, 'cli', 'main.ts') },
    outdir: beside,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    keepNames: true,
    logLevel: 'error',
    // Packages in CommonJS ask for Node's modules by `require`.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    define: { PROJECT_ROOT: JSON.stringify(root) },
  });
  try {
    renameSync(beside, folder);
  } catch (error) {
    rmSync(beside, { recursive: true, force: true });
    if (!existsSync(join(folder, 'main.js'))) throw error;
  }
}

function removeOldBundles(current) {
  for (const name of readdirSync(bundles)) {
    const folder = join(bundles, name);
    if (folder === current || Date.now() - statSync(folder).mtimeMs < keptForMs) continue;
    rmSync(folder, { recursive: true, force: true });
  }
}
