import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  ProcessError,
  runProcess,
  startServer,
  streamProcess,
  type ProcessRequest,
} from '../../../functions/shared/rclone/process.ts';
import { folderOfSuite } from '../../fixtures/temporary-folder.ts';

const folder = folderOfSuite('process');

function givenScript(name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

function request(file: string, more: Partial<ProcessRequest> = {}): ProcessRequest {
  return { file, args: [], env: { PATH: '/bin:/usr/bin' }, cwd: folder, ...more };
}

/** Chunks of a mebibyte that note how many were asked for and whether they were given up. */
function givenChunks(
  count: number,
  before: (index: number) => void | Promise<void> = () => undefined,
) {
  const seen = { taken: 0, closed: false };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (let index = 0; index < count; index++) {
        await before(index);
        seen.taken++;
        yield Buffer.alloc(1_048_576, index);
      }
    } finally {
      seen.closed = true;
    }
  }
  return { seen, chunks: chunks() };
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function expectGone(pidFile: string): Promise<void> {
  const pid = Number(readFileSync(join(folder, pidFile), 'utf8'));
  await expect
    .poll(() => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    })
    .toBe(false);
}

describe('a stream as input', () => {
  it('arrives whole', async () => {
    const { chunks, seen } = givenChunks(20);

    const { stdout, exitCode, unread } = await runProcess(
      request('/usr/bin/wc', { args: ['-c'], stdin: chunks }),
    );

    expect({ exitCode, unread, bytes: Number(stdout) }).toEqual({ exitCode: 0, bytes: 20_971_520 });
    expect(seen).toEqual({ taken: 20, closed: true });
  });

  it('may be empty', async () => {
    const { chunks } = givenChunks(0);

    expect(await runProcess(request('/usr/bin/wc', { args: ['-c'], stdin: chunks }))).toMatchObject(
      {
        exitCode: 0,
        stdout: expect.stringMatching(/^\s*0\s*$/) as string,
      },
    );
  });

  it('is read no faster than the program takes it', async () => {
    const { chunks, seen } = givenChunks(50);
    const slow = givenScript('slow', 'exec sleep 0.5');

    await runProcess(request(slow, { stdin: chunks }));

    expect(seen.taken).toBeLessThanOrEqual(2);
  });

  it('that throws kills the program before it sees an end', async () => {
    const { chunks } = givenChunks(10, (index) => {
      if (index === 5) throw new Error('the source is gone');
    });
    const committing = givenScript('committing', 'cat >/dev/null && echo whole > committed');

    await expect(runProcess(request(committing, { stdin: chunks }))).rejects.toThrow(
      'the source is gone',
    );

    expect(() => readFileSync(join(folder, 'committed'))).toThrow('ENOENT');
  });

  it('is not kept once it was written', async () => {
    const { chunks } = givenChunks(600);
    const before = process.memoryUsage.rss();

    await runProcess(request('/usr/bin/wc', { args: ['-c'], stdin: chunks }));

    expect(process.memoryUsage.rss() - before).toBeLessThan(150_000_000);
  });

  it('that hangs does not outlive the program', async () => {
    const { chunks } = givenChunks(2, (index) =>
      index === 1 ? new Promise<void>(() => undefined) : undefined,
    );

    const end = await runProcess(
      request('/usr/bin/head', { args: ['-c', '1'], stdin: chunks, stopAfterMs: 10_000 }),
    );

    expect(end).toMatchObject({ exitCode: 0, unread: true, stopped: false });
  });

  it('is given up when the program ends early, whose exit code tells', async () => {
    const { chunks, seen } = givenChunks(50);
    const failing = givenScript('failing', 'head -c 2000000 >/dev/null; exit 6');

    const end = await runProcess(request(failing, { stdin: chunks }));

    expect(end).toMatchObject({ exitCode: 6, unread: true });
    expect(seen.closed).toBe(true);
    expect(seen.taken).toBeLessThan(10);
  });

  it('is given up when time is up', async () => {
    const { chunks, seen } = givenChunks(1_000, () => sleep(20));

    const end = await runProcess(
      request('/bin/cat', { stdin: chunks, stopAfterMs: 300, graceMs: 1_000 }),
    );

    expect(end).toMatchObject({ stopped: true, unread: true, signal: 'SIGINT' });
    await expect.poll(() => seen.closed).toBe(true);
  });
});

describe('output as a stream', () => {
  it('is whole', async () => {
    let bytes = 0;
    const large = request('/usr/bin/head', { args: ['-c', '30000000', '/dev/zero'] });

    for await (const chunk of streamProcess(large)) bytes += chunk.length;

    expect(bytes).toBe(30_000_000);
  });

  it('that breaks off throws at its end', async () => {
    const short = givenScript('short', 'echo half; exit 5');
    let text = '';
    const read = async (): Promise<void> => {
      for await (const chunk of streamProcess(request(short))) text += chunk.toString();
    };

    await expect(read()).rejects.toThrow('The program ended with exit code 5.');
    expect(text).toBe('half\n');
  });

  it('of a program that is killed throws', async () => {
    const killed = streamProcess(request(givenScript('killed', 'echo half; kill -KILL $$')));

    await expect(collect(killed)).rejects.toThrow('The program ended with SIGKILL.');
  });

  it('that nobody takes waits, and ends the program when it is given up', async () => {
    const endless = givenScript('endless', 'echo $$ > endless.pid; exec cat /dev/zero');

    for await (const chunk of streamProcess(request(endless))) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }

    await expectGone('endless.pid');
  });

  it('of a program that cannot be started throws', async () => {
    await expect(collect(streamProcess(request('/nowhere/rclone')))).rejects.toThrow(ProcessError);
  });
});

describe('a server', () => {
  it('runs until it is stopped', async () => {
    const polite = givenScript(
      'polite',
      "trap 'exit 3' INT; echo ready >&2; while :; do sleep 0.02; done",
    );
    const ready = Promise.withResolvers<string>();
    const server = startServer(request(polite, { onErrorLine: ready.resolve }));
    await ready.promise;

    await server.stop();
    await server.stop();

    expect(await server.ended).toEqual({ exitCode: 3, signal: null, stopped: false });
  });

  it('is killed when it does not stop', async () => {
    const deaf = givenScript(
      'deaf',
      "trap '' INT; echo $$ > deaf.pid; echo ready >&2; while :; do sleep 0.02; done",
    );
    const ready = Promise.withResolvers<string>();
    const server = startServer(request(deaf, { onErrorLine: ready.resolve, graceMs: 200 }));
    await ready.promise;

    await server.stop();

    expect(await server.ended).toMatchObject({ signal: 'SIGKILL' });
    await expectGone('deaf.pid');
  });

  it('that cannot be started says so, and is stopped', async () => {
    const server = startServer(request('/nowhere/rclone'));

    await server.stop();

    await expect(server.ended).rejects.toThrow('cannot be started');
  });
});
