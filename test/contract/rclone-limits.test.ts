import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ProcessError, runProcess } from '../../functions/shared/rclone/process.ts';
import { customRemote, rcloneConfig, type Remote } from '../../functions/shared/rclone/remote.ts';
import { RcloneError } from '../../functions/shared/rclone/session.ts';
import { startRcloneServer, type RcloneServer } from '../../local/rclone-server.ts';
import { rcloneBinary } from '../fixtures/rclone.ts';
import { at, RcloneWorld } from '../fixtures/rclone-world.ts';

let world: RcloneWorld;
let server: RcloneServer;

const password = 'right-password-0123456789';

beforeAll(async () => {
  world = new RcloneWorld();
  const login = { user: 'anna', password };
  server = await startRcloneServer({ protocol: 'webdav', folder: world.cloudFolder, login });
});
afterAll(async () => {
  await server.stop();
  world.remove();
});
beforeEach(() => {
  world.reset();
});

/** As `rclone.conf` wants a password: hidden from the eye, not secret. */
function obscured(text: string): string {
  return spawnSync(rcloneBinary(), ['obscure', '-'], {
    input: text,
    encoding: 'utf8',
  }).stdout.trim();
}

function givenScript(name: string, body: string): string {
  const path = join(world.root, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

function run(
  file: string,
  more: Partial<Parameters<typeof runProcess>[0]> = {},
): ReturnType<typeof runProcess> {
  return runProcess({ file, args: [], env: { PATH: '/bin:/usr/bin' }, cwd: world.root, ...more });
}

describe('a process whose time is up', () => {
  it('is asked to stop, and may end by itself', async () => {
    const polite = givenScript(
      'polite',
      "trap 'echo saved; exit 9' INT\nwhile :; do sleep 0.05; done",
    );

    const result = await run(polite, { stopAfterMs: 300, graceMs: 5_000 });

    expect(result).toEqual({ exitCode: 9, signal: null, stdout: 'saved\n', stopped: true });
  });

  it('is killed when it does not', async () => {
    const deaf = givenScript('deaf', "trap '' INT\nwhile :; do sleep 0.05; done");
    const before = performance.now();

    const result = await run(deaf, { stopAfterMs: 200, graceMs: 300 });

    expect(result).toMatchObject({ exitCode: null, signal: 'SIGKILL', stopped: true });
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  it('is left alone when it ends in time', async () => {
    expect(await run('/bin/echo', { args: ['x'], stopAfterMs: 60_000 })).toEqual({
      exitCode: 0,
      signal: null,
      stdout: 'x\n',
      stopped: false,
    });
  });
});

describe('a process', () => {
  it('that crashes is not one that we stopped', async () => {
    const result = await run(givenScript('crash', 'kill -SEGV $$'));

    expect(result).toMatchObject({ exitCode: null, signal: 'SIGSEGV', stopped: false });
  });

  it('inherits nothing', async () => {
    const { stdout } = await run('/usr/bin/env', { env: { ONLY: 'this' } });

    expect(stdout).toBe('ONLY=this\n');
  });

  it('that reads no input makes no fault', async () => {
    expect(await run('/bin/true', { stdin: 'x'.repeat(5_000_000) })).toMatchObject({ exitCode: 0 });
  });

  it('may say much on both sides at once', async () => {
    const lines: string[] = [];
    const loud = givenScript(
      'loud',
      'i=0; while [ $i -lt 20000 ]; do echo out$i; echo err$i >&2; i=$((i+1)); done',
    );

    const { stdout } = await run(loud, { onErrorLine: (line) => lines.push(line) });

    expect(stdout.split('\n')).toHaveLength(20_001);
    expect(lines).toHaveLength(20_000);
    expect(lines.at(-1)).toBe('err19999');
  });

  it('that prints more than is allowed is ended, never cut', async () => {
    const endless = givenScript(
      'endless',
      'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done',
    );

    await expect(run(endless, { maxOutputBytes: 10_000 })).rejects.toThrow(ProcessError);
  });

  it('that cannot be started is an error with its name', async () => {
    await expect(run('/nowhere/rclone')).rejects.toThrow('"/nowhere/rclone" cannot be started');
  });
});

describe('a session whose time is up', () => {
  it('stops a transfer, and says that there is more to do', async () => {
    world.write({ 'workspace/large': 'x'.repeat(8_000_000) });
    const { workspace } = world;
    const slow = { ...workspace, flags: [...workspace.flags, '--bwlimit=200k'] };
    const session = await world.open([slow], { remaining: () => 1_500 });

    const { outcome } = await session.run({
      kind: 'copy-named',
      from: at(slow),
      to: at(slow, 'copy'),
      files: ['large'],
      compare: 'always',
    });
    await session.close();

    expect(outcome).toBe('time-up');
    expect(existsSync(join(world.workspaceFolder, 'copy', 'large'))).toBe(false);
  });

  it('begins nothing', async () => {
    const session = await world.open([world.workspace], {
      binary: '/nowhere/rclone',
      remaining: () => 999,
    });

    const result = await session.run({ kind: 'list', from: at(world.workspace) });
    await session.close();

    expect(result).toMatchObject({ outcome: 'time-up', exitCode: null });
  });
});

describe('a secret', () => {
  const user = 'user-9876543210';
  const wrong = 'wrong-password-0123456789';
  let given: Remote;
  let hidden: string;

  beforeEach(() => {
    hidden = obscured(wrong);
    given = world.webdav(server.url, { user, pass: hidden, bearer_token_command: '' });
  });

  it('opens the door', async () => {
    const cloud = world.webdav(server.url, { user: 'anna', pass: obscured(password) });
    const session = await world.open([cloud]);

    expect(await session.run({ kind: 'list', from: at(cloud) })).toMatchObject({ outcome: 'done' });
    await session.close();
  });

  it('that is wrong stands in no log line, no error and no account', async () => {
    const session = await world.open([given]);

    const result = await session.run({ kind: 'list', from: at(given) });
    await session.close();

    expect(result.outcome).toBe('retryable');
    const said = [...world.lines, new RcloneError('no', result).message, JSON.stringify(result)];
    expect(said.join('\n')).toContain('401');
    for (const secret of [hidden, wrong]) expect(said.join('\n')).not.toContain(secret);
  });

  it.each([
    ['as it is', 'sl.token-0123456789abcdef', ['sl.token-0123456789abcdef']],
    [
      'as a part of a JSON text',
      '{"access_token":"ya29.access-0123","refresh_token":"1//refresh-4567","expiry":"2026-01-01"}',
      ['ya29.access-0123', '1//refresh-4567'],
    ],
  ])('that a program repeats %s stands in no log line', async (_, token, secrets) => {
    const talkative = givenScript('talkative', 'cat "$RCLONE_CONFIG" >&2; exit 7');
    const cloud = customRemote('cloud', '', {
      rcloneType: 'dropbox',
      rcloneOptions: { token, client_secret: 'with "quotes" inside' },
    });
    const session = await world.open([cloud], {
      binary: talkative,
      env: { AWS_SECRET_ACCESS_KEY: 'aws-secret-0123456789' },
    });

    const result = await session.run({ kind: 'list', from: at(cloud) });
    await session.close();

    expect(result.outcome).toBe('fatal');
    const said = [...world.lines, JSON.stringify(result.account)].join('\n');
    expect(said).toContain('client_secret = ***');
    for (const secret of secrets) expect(said).not.toContain(secret);
    expect(said).not.toContain('quotes');
  });

  it.skipIf(process.platform !== 'linux')(
    'stands in no argument and no environment of the running program',
    async () => {
      const reached = Promise.withResolvers<undefined>();
      const silent: Server = createServer(() => {
        reached.resolve(undefined);
      });
      silent.listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      const cloud = { ...given, options: { ...given.options, url: `http://127.0.0.1:${port}` } };
      const session = await world.open([cloud], { remaining: () => 4_000 });
      const running = session.run({ kind: 'list', from: at(cloud) });
      await reached.promise;

      const seen = processesOf(world.temporary);
      silent.closeAllConnections();
      silent.close();
      await running;
      await session.close();

      expect(seen).toHaveLength(1);
      expect(seen[0]?.arguments).toContain('lsjson');
      const all = JSON.stringify(seen);
      for (const secret of [hidden, wrong, user]) expect(all).not.toContain(secret);
    },
  );
});

/** Arguments and environment of the programs that work in a folder. */
function processesOf(folder: string): { arguments: string[]; environment: string[] }[] {
  const read = (pid: string, file: string): string[] => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0');
    } catch {
      return [];
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ arguments: read(pid, 'cmdline'), environment: read(pid, 'environ') }))
    .filter(({ environment }) => environment.some((entry) => entry.startsWith(`HOME=${folder}`)));
}

describe('a config file', () => {
  it.each([
    ['plain', 'abc'],
    ['with an equals sign at its end', 'abc=='],
    ['with a hash', 'a#b ;c'],
    ['that begins with a hash', '#abc'],
    ['that begins with a semicolon', ';abc'],
    ['with quotes inside', 'a"b\'c`d'],
    ['that begins with a quote', '"abc'],
    ['in quotes', '"abc"'],
    ['in backticks', '`abc`'],
    ['in three quotes', '"""abc"""'],
    ['that begins with a backtick', '`abc'],
    ['that ends with a backtick', 'abc`'],
    ['with spaces at both ends', ' abc '],
    ['of one space', ' '],
    ['of one backtick', '`'],
    ['with percent signs', 'a%b%(c)%s%'],
    ['with brackets', '[abc]'],
    ['with a backslash at its end', 'abc\\'],
    ['of JSON', '{"access_token":"a\\"b","expiry":"2026-01-01T00:00:00Z"}'],
    ['of Unicode', 'pässwörd 😀'],
  ])('gives rclone the value that was meant: %s', (_, value) => {
    const file = join(world.root, 'rclone.conf');
    const remotes = [
      customRemote('cloud', '', { rcloneType: 'ftp', rcloneOptions: { user: value } }),
      customRemote('next', '', { rcloneType: 'ftp', rcloneOptions: { user: 'next' } }),
    ];
    writeFileSync(file, rcloneConfig(remotes));

    const { stdout } = spawnSync(rcloneBinary(), ['config', 'dump', `--config=${file}`], {
      encoding: 'utf8',
    });

    expect(JSON.parse(stdout)).toEqual({
      cloud: { type: 'ftp', user: value },
      next: { type: 'ftp', user: 'next' },
    });
  });
});
