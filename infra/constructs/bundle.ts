import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { type BuildOptions, buildSync } from 'esbuild';
import packageJson from '../../package.json' with { type: 'json' };
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import type { CodeFor } from './agent-set.ts';
import { type FunctionName, functionNames } from './job-function.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The code of every function, once for this process: it takes longer than the rest of a synthesis. */
let handlers: Record<FunctionName, Uint8Array> | undefined;

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
 * `agents/<name>.json` with the configuration of each agent that it serves. With the one that takes
 * snapshots goes `recovery/`, which it lays beside them.
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
  if (name === 'backup') writeRecoveryKit(join(outdir, 'recovery'));
}

/** Writes the recovery kit's program and its page to a folder. */
export function writeRecoveryKit(outdir: string): void {
  mkdirSync(outdir, { recursive: true });
  for (const [name, content] of recoveryKit()) writeFileSync(join(outdir, name), content);
}

/**
 * The code of a function as an asset. The folder is named after what is in it, so that two
 * syntheses at the same time never write to the same one with different content.
 */
export const bundledCode: CodeFor = (name, agents) => {
  const hash = createHash('sha256').update(handlerModule(name));
  for (const agent of agents) hash.update(`${agent.name}\n${agentFile(agent)}`);
  // Their names say what is in them.
  if (name === 'backup') for (const file of recoveryKit().keys()) hash.update(`${file}\n`);
  const folder = join(root, 'build', 'functions', `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(folder)) {
    writeWhole(folder, (fresh) => {
      bundleHandler(name, agents, fresh);
    });
  }
  return Code.fromAsset(folder);
};

function handlerModule(name: FunctionName): Uint8Array {
  handlers ??= buildHandlers();
  return handlers[name];
}

/** All in one build, which reads only once what they share. */
function buildHandlers(): Record<FunctionName, Uint8Array> {
  const entryOf = (name: FunctionName): string => join(root, 'functions', name, 'handler.ts');
  const entries = functionNames.map((name) => [name, entryOf(name)] as const);
  return bundled(Object.fromEntries(entries) as Record<FunctionName, string>, {
    format: 'esm',
    target: 'node24',
    banner: { js: banner },
    // Names of functions and classes stay in stack traces. Line numbers come from building the same
    // commit again with a source map: the build is deterministic, and a map would triple the size.
    keepNames: true,
    legalComments: 'none',
  });
}

let kit: ReadonlyMap<string, Uint8Array> | undefined;

/**
 * The files of the recovery kit by their names. Nothing beside a snapshot can ever be overwritten, so
 * the names carry the version and what is in the files.
 */
function recoveryKit(): ReadonlyMap<string, Uint8Array> {
  kit ??= buildRecoveryKit();
  return kit;
}

function buildRecoveryKit(): ReadonlyMap<string, Uint8Array> {
  const { program } = bundled({ program: join(root, 'recovery', 'main.ts') }, recoveryKitOptions);
  const page = readFileSync(join(root, 'recovery', 'page.txt'), 'utf8');
  const { version } = packageJson;
  const content = createHash('sha256').update(program).update(page).digest('hex').slice(0, 8);
  const name = `workspace-sync-recovery-${version}-${content}`;
  const text = page.replaceAll('{{kit}}', `${name}.mjs`).replaceAll('{{version}}', version);
  return new Map([
    [`${name}.mjs`, program],
    [`${name}.txt`, Buffer.from(text)],
  ]);
}

/**
 * An old Node has to get as far as the sentence that says so. It reads the whole file before it runs
 * any of it: so the syntax is modest, and what the file needs of Node is asked for by `require` when
 * it is needed, where an `import` would fail on a missing export first.
 */
const recoveryKitOptions: BuildOptions = {
  format: 'cjs',
  target: 'node14.6',
  banner: {
    js: [
      "import { createRequire } from 'module';",
      'const require = createRequire(import.meta.url);',
    ].join('\n'),
  },
  alias: { '@aws-crypto/kms-keyring-node': join(root, 'recovery', 'without-kms.ts') },
  // It is given to people, and the licenses of what is in it ask for their notices.
  legalComments: 'eof',
};

/** A file of JavaScript for each entry, with every dependency inside; the same for the same sources. */
function bundled<Name extends string>(
  entryPoints: Record<Name, string>,
  options: BuildOptions,
): Record<Name, Uint8Array> {
  const { outputFiles = [] } = buildSync({
    entryPoints,
    outdir: root,
    bundle: true,
    write: false,
    platform: 'node',
    mainFields: ['module', 'main'],
    conditions: ['module', 'import', 'node'],
    minify: true,
    charset: 'utf8',
    logLevel: 'error',
    absWorkingDir: root,
    ...options,
  });
  const byName = outputFiles.map(({ path, contents }) => [basename(path, '.js'), contents]);
  return Object.fromEntries(byName) as Record<Name, Uint8Array>;
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
