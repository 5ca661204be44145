#!/usr/bin/env node
/**
 * The command as people start it: with whatever Node is at hand, from a clone that may have been
 * updated since. It sees to a current bundle and to a Node that can run it.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = 24;

/** The Node that npm has installed, unless this one will do. */
function newerNode() {
  const installed = join(root, 'node_modules', '.bin', 'node');
  if (existsSync(installed)) return installed;
  complain(
    `workspace-sync needs Node ${wanted}; this is ${process.version}. Run "npm run prepare-tools" in ` +
      `${root}, which installs one for it, or start it with a newer Node.`,
  );
}

function complain(message) {
  console.error(message);
  process.exit(1);
}

function startWith(node) {
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal sends SIGINT to the whole group: the child has it already.
    process.on(signal, () => signal === 'SIGINT' || child.kill(signal));
  }
  child.on('error', (error) => complain(error.message));
  child.on('exit', (code, signal) => process.exit(signal ? 130 : code));
}

if (Number(process.versions.node.split('.')[0]) < wanted) {
  startWith(newerNode());
} else if (!existsSync(join(root, 'node_modules', 'commander'))) {
  complain(`Run "npm run prepare-tools" in ${root} first: it installs what the command needs.`);
} else {
  const { currentBundle } = await import('./build.mjs');
  const { main } = await import(pathToFileURL(await currentBundle()).href);
  process.exitCode = await main(process.argv.slice(2));
}
