/** Where the project's own tools are, and how to run them. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const binaries = join(root, 'node_modules', '.bin');
const wanted = 24;

/** A problem of the machine, to be told without a stack. */
export class Unprepared extends Error {}

/** The Node that runs TypeScript: the one that npm installed, or else the one running. */
export function nodePath() {
  const installed = join(binaries, 'node');
  if (existsSync(installed)) {
    const { status } = spawnSync(installed, ['--version']);
    if (status === 0) return installed;
  }
  if (Number(process.versions.node.split('.')[0]) >= wanted) return process.execPath;
  throw new Unprepared(
    `Node ${wanted} is needed, and npm has no build of it for ${process.platform}-${process.arch}. ` +
      `Install Node ${wanted} and run this again with it; this is ${process.version}.`,
  );
}

/** The environment in which the project's tools find each other. */
export function toolEnvironment() {
  const path = [binaries, dirname(nodePath()), join(root, '.tools', 'bin'), process.env.PATH];
  return { ...process.env, PATH: path.join(delimiter) };
}

/** Runs a program in the foreground, hands it our signals, and gives back its exit code. */
export function run(command, args) {
  const child = spawn(command, args, { cwd: root, env: toolEnvironment(), stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  // A terminal sends SIGINT to the whole group: the child has it already.
  const forward = (signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of signals) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve(signal ? 128 + (signalNumbers[signal] ?? 0) : code);
    });
  });
}

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Ends the process as one step of the command line: an unprepared machine gets one message. */
export async function main(step) {
  try {
    process.exitCode = await step();
  } catch (error) {
    console.error(error instanceof Unprepared ? error.message : error);
    process.exitCode = 1;
  }
}
