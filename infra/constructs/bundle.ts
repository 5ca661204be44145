import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import type { CodeFor } from './agent-set.ts';
import type { FunctionName } from './job-function.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Bundles of this process: esbuild takes longer than all the rest of a synthesis. */
const built = new Map<FunctionName, Uint8Array>();

/**
 * Some dependencies are CommonJS and ask for Node's own modules by `require`, which an ES module
 * does not have.
 */
const banner = [
  "import { createRequire as createRequireForBundle } from 'node:module';",
  'const require = createRequireForBundle(import.meta.url);',
].join('\n');

/**
 * Writes what a function consists of to a folder: `index.mjs`, with every dependency inside, and
 * `agents/<name>.json` with the configuration of each agent that it serves.
 */
export function bundleHandler(
  name: FunctionName,
  agents: readonly AgentConfig[],
  outdir: string,
): void {
  mkdirSync(join(outdir, 'agents'), { recursive: true });
  writeFileSync(join(outdir, 'index.mjs'), handlerModule(name));
  for (const agent of agents) {
    writeFileSync(join(outdir, 'agents', `${agent.name}.json`), agentFile(agent));
  }
}

/**
 * The code of a function as an asset. The folder is named after what is in it, so that two
 * syntheses at the same time never write to the same one with different content.
 */
export const bundledCode: CodeFor = (name, agents) => {
  const hash = createHash('sha256').update(handlerModule(name));
  for (const agent of agents) hash.update(`${agent.name}\n${agentFile(agent)}`);
  const folder = join(root, 'build', 'functions', `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(folder)) {
    writeWhole(folder, (fresh) => {
      bundleHandler(name, agents, fresh);
    });
  }
  return Code.fromAsset(folder);
};

function handlerModule(name: FunctionName): Uint8Array {
  const module = built.get(name) ?? build(name);
  built.set(name, module);
  return module;
}

function build(name: FunctionName): Uint8Array {
  const entry = join(root, 'functions', name, 'handler.ts');
  if (!existsSync(entry)) throw new Error(`There is no code for the function ${name}: ${entry}`);
  const { outputFiles } = buildSync({
    entryPoints: [entry],
    outfile: 'index.mjs',
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    conditions: ['module', 'import', 'node'],
    banner: { js: banner },
    minify: true,
    // Names of functions and classes stay in stack traces. Line numbers come from building the same
    // commit again with a source map: the build is deterministic, and a map would triple the size.
    keepNames: true,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'error',
  });
  const [module] = outputFiles;
  if (!module) throw new Error(`The build of ${entry} gave no output.`);
  return module.contents;
}

function agentFile(agent: AgentConfig): string {
  return `${JSON.stringify(agent, undefined, 2)}\n`;
}

/** Writes beside the folder, then renames: it is there whole or not at all. */
function writeWhole(folder: string, write: (fresh: string) => void): void {
  const fresh = `${folder}.${process.pid}`;
  try {
    write(fresh);
    renameSync(fresh, folder);
  } catch (error) {
    // Another process may have been faster with the very same content.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
