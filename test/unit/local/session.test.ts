import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runningSession, tellSession } from '../../../local/session.ts';
import { folderOfTest } from '../../fixtures/temporary-folder.ts';

type Told = Parameters<typeof tellSession>[0];

function givenWorld(url: string): Told {
  return {
    emulator: { url, region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } },
    cloud: { url: 'http://127.0.0.1:1', folder: '/cloud' },
    gateway: { url: 'http://127.0.0.1:2' },
    hooksToken: 'token',
  } as Told;
}

/** Something that answers, as an emulator does. */
async function givenEmulator(): Promise<string> {
  const server: Server = createServer((_, answer) => answer.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('what a running "npm start" tells the command', () => {
  it('is found while its emulator answers, and goes when it ends', async () => {
    const file = join(folderOfTest('session'), 'local.json');
    const url = await givenEmulator();

    const forget = await tellSession(givenWorld(url), file);

    expect(await runningSession(file)).toBe(url);
    await forget();
    expect(existsSync(file)).toBe(false);
    expect(await runningSession(file)).toBeUndefined();
  });

  it('is left behind by one that was killed, and stands in nobody’s way', async () => {
    const file = join(folderOfTest('session'), 'local.json');
    await tellSession(givenWorld('http://127.0.0.1:9'), file);

    expect(await runningSession(file)).toBeUndefined();
    writeFileSync(file, '{"url":');
    expect(await runningSession(file)).toBeUndefined();
  });

  it('stays where another has taken its place', async () => {
    const file = join(folderOfTest('session'), 'local.json');
    const forget = await tellSession(givenWorld('http://127.0.0.1:9'), file);
    await tellSession(givenWorld('http://127.0.0.1:10'), file);

    await forget();

    expect(readFileSync(file, 'utf8')).toContain('http://127.0.0.1:10');
  });
});
