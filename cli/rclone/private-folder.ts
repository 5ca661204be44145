import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folders that are there now, and the programs that were started meanwhile. */
const folders = new Set<string>();
const children = new Set<ChildProcess>();

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Lends a temporary folder that nobody else can read, and removes it when the work is over, however
 * that comes about: also by Ctrl-C, by SIGTERM and by SIGHUP. Only SIGKILL leaves it.
 */
export async function inPrivateFolder<T>(
  env: NodeJS.ProcessEnv,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  if (folders.size === 0) beginWatch();
  const folder = mkdtempSync(join(parentFolder(env), 'workspace-sync-'));
  folders.add(folder);
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    folders.delete(folder);
    if (folders.size === 0) endWatch();
  }
}

/** The person's own folder in memory, where the system has one: it is on no disk. */
function parentFolder({ XDG_RUNTIME_DIR: own }: NodeJS.ProcessEnv): string {
  if (!own) return tmpdir();
  try {
    accessSync(own, constants.W_OK | constants.X_OK);
    return own;
  } catch {
    return tmpdir();
  }
}

function beginWatch(): void {
  subscribe('child_process', keepChild);
  process.on('exit', cleanUp);
  for (const signal of signals) process.on(signal, endBy);
}

function endWatch(): void {
  unsubscribe('child_process', keepChild);
  process.off('exit', cleanUp);
  for (const signal of signals) process.off(signal, endBy);
  children.clear();
}

function keepChild(message: unknown): void {
  const { process: child } = message as { process: ChildProcess };
  children.add(child);
  child.once('exit', () => children.delete(child));
}

/** At once, because nothing that is awaited happens any more. */
function cleanUp(): void {
  // rclone makes its folder again where it saves a token that it has just got.
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** Ends the process as the signal would have. */
function endBy(signal: NodeJS.Signals): void {
  cleanUp();
  endWatch();
  process.kill(process.pid, signal);
}
