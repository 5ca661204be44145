import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inPrivateFolder } from '../../../../cli/rclone/private-folder.ts';
import { until } from '../../../fixtures/until.ts';

let folder: string;

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'workspace-sync-private-'))));
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const files = (): string[] => readdirSync(join(folder, 'tmp'), { recursive: true }).map(String);

/** A program in the place of rclone that says its id and then takes its time. */
function givenSlowRclone(): { RCLONE_BINARY: string; TMPDIR: string; XDG_RUNTIME_DIR: string } {
  const RCLONE_BINARY = join(folder, 'rclone');
  writeFileSync(RCLONE_BINARY, `#!/bin/sh\necho $$ > ${join(folder, 'pid')}\nexec sleep 60\n`);
  chmodSync(RCLONE_BINARY, 0o755);
  const TMPDIR = join(folder, 'tmp');
  mkdirSync(TMPDIR);
  return { RCLONE_BINARY, TMPDIR, XDG_RUNTIME_DIR: '' };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a command that is stopped while secrets lie in a temporary folder', () => {
  it.each([
    ['authorize', 'SIGINT'],
    ['authorize', 'SIGTERM'],
    ['authorize', 'SIGHUP'],
    ['reach', 'SIGINT'],
  ] as const)('leaves neither the folder nor rclone behind: %s, %s', async (what, signal) => {
    const env = { ...process.env, ...givenSlowRclone() };
    const script = join(import.meta.dirname, 'started.ts');
    const child = spawn(process.execPath, [script, what], { env, stdio: 'ignore' });
    const ended = once(child, 'exit');
    const pid = await until('rclone', () => {
      const said = existsSync(join(folder, 'pid')) && readFileSync(join(folder, 'pid'), 'utf8');
      return said ? Number(said) : undefined;
    });
    expect(files().join()).toContain('rclone.conf');

    child.kill(signal);

    expect(await ended).toEqual([null, signal]);
    expect(files()).toEqual([]);
    await until('the end of rclone', () => !isAlive(pid));
  });
});

describe('a private folder', () => {
  it('is nobody else’s, in the person’s own folder in memory, and gone after the work', async () => {
    const path = await inPrivateFolder({ XDG_RUNTIME_DIR: folder }, (given) => {
      expect(statSync(given).mode & 0o777).toBe(0o700);
      writeFileSync(join(given, 'secret'), '');
      return Promise.resolve(given);
    });
    expect(dirname(path)).toBe(folder);
    expect(existsSync(path)).toBe(false);
  });

  it.each([undefined, '', '/not/there'])(
    'is among the temporary ones without that: %s',
    async (own) => {
      const env = own === undefined ? {} : { XDG_RUNTIME_DIR: own };
      const path = await inPrivateFolder(env, (given) => Promise.resolve(given));
      expect(dirname(path)).toBe(tmpdir());
    },
  );

  it('is gone after work that failed, and then signals are again what they were', async () => {
    const before = process.listenerCount('SIGINT');
    let path = '';
    const failing = inPrivateFolder({}, (given) => {
      path = given;
      expect(process.listenerCount('SIGINT')).toBe(before + 1);
      return Promise.reject(new Error('no'));
    });
    await expect(failing).rejects.toThrow('no');
    expect(existsSync(path)).toBe(false);
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});
