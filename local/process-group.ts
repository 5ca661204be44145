/** Child processes that lead a process group of their own, so that all of it can be ended. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** Signals every process of the child's group; true if there was one. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch (error) {
    // Nobody there; macOS says EPERM where only zombies are left.
    if (error instanceof Error && 'code' in error && /^(ESRCH|EPERM)$/.test(String(error.code))) {
      return false;
    }
    throw error;
  }
}

/** Resolves when the child is gone: true if that was within the time given. */
export async function hasExited(child: ChildProcess, withinMs: number): Promise<boolean> {
  const gone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  if (gone()) return true;
  const stop = new AbortController();
  const exit = new Promise<void>((resolve) => child.once('exit', resolve));
  await Promise.race([exit, sleep(withinMs, undefined, { signal: stop.signal })]).finally(() => {
    stop.abort();
  });
  return gone();
}

/** Asks the child to end, waits, and kills what is left of its group. */
export async function endGroup(child: ChildProcess, graceMs: number): Promise<void> {
  child.kill('SIGTERM');
  await hasExited(child, graceMs);
  signalGroup(child, 'SIGKILL');
  await hasExited(child, 5_000);
}
